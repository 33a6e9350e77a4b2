"""Which pages of other origins may call the API, and what they may send and read."""

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

# template.yaml has API Gateway say the same in its answers to preflight requests, which do not reach the function.
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
    """Let pages of `origins`, separated by commas, or of any if it is `*`, read the answers; of none if it is empty."""
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins.replace(",", " ").split(),
            allow_methods=ALLOWED_METHODS,
            allow_headers=ALLOWED_HEADERS,
            expose_headers=EXPOSED_HEADERS,
        )
