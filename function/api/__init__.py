"""The HTTP API: requests to tagging, errors to problem documents."""
