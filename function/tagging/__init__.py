"""Tagging: from embeddings to tags with scores. Uses neither HTTP nor AWS."""
