"""The web page at `/`: a route, and the document that it serves."""
