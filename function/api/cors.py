"""CORS: which origins may call the API from a browser, and which headers they may send and read."""

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

# template.yaml repeats these lists, because API Gateway answers preflight requests itself.
ALLOWED_METHODS = ["GET", "POST"]
ALLOWED_HEADERS = [
    "Content-Type",
    "X-Api-Key",
    "X-Correlation-Id",
    "Authorization",
    "X-Amz-Date",
    "X-Amz-Security-Token",
    "X-Amz-Content-Sha256",
]
EXPOSED_HEADERS = ["Retry-After", "Server-Timing", "X-Model", "X-Request-Id"]


def install(app: FastAPI, origins: str) -> None:
    """Allow pages of `origins` to read the answers: origins separated by commas, `*` for all, empty for none."""
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins.replace(",", " ").split(),
            allow_methods=ALLOWED_METHODS,
            allow_headers=ALLOWED_HEADERS,
            expose_headers=EXPOSED_HEADERS,
        )
