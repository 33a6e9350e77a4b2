"""Tagging: unit vectors to tags with scores. Pure; knows nothing of HTTP or AWS."""
