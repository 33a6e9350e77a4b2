"""Measure how well a model tags a folder of pictures, with the production code."""
