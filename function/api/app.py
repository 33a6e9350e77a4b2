"""The HTTP API as one ASGI app: routes, middleware, CORS and error handlers put together."""

from typing import Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from function import __version__
from function.api import docs, openapi, problems, routes
from function.api.middleware import Observe
from function.api.page import document as page
from function.api.paths import lenient_paths
from function.api.services import Services
from function.api.upload_bucket import UploadBucket
from function.s3 import ObjectStore
from function.settings import Settings
from function.start import Start
from function.tagging.tagger import Tagger

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


class _App(FastAPI):
    """FastAPI, with the schemas added to the OpenAPI document that FastAPI cannot derive."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        document["components"]["schemas"] |= openapi.schemas()
        return document


def create_app(tagger: Tagger, settings: Settings, start: Start | None = None) -> FastAPI:
    """Return the ASGI app that serves `tagger`. The first request logs `start`."""
    app = _app_with_routes()
    app.state.services = Services(tagger, settings, UploadBucket(settings, ObjectStore()))
    app.add_middleware(lenient_paths)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins.replace(",", " ").split(),
            allow_methods=ALLOWED_METHODS,
            allow_headers=ALLOWED_HEADERS,
            expose_headers=EXPOSED_HEADERS,
        )
    app.add_middleware(
        Observe,
        model=tagger.manifest.model_name,
        metrics_namespace=settings.metrics_namespace,
        start=start or Start(),
    )
    return app


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document. It does not depend on the model."""
    return _app_with_routes().openapi()


def _app_with_routes() -> FastAPI:
    app = _App(
        title="Pet tagger",
        version=__version__,
        description=openapi.DESCRIPTION,
        exception_handlers=problems.HANDLERS,
        docs_url=None,  # docs.py serves Swagger UI with a Content-Security-Policy
        redoc_url=None,
        redirect_slashes=False,  # `lenient_paths` serves them without a redirect
        generate_unique_id_function=lambda route: route.name,  # generated clients use it as a function name
    )
    for module in (routes, page, docs):
        app.include_router(module.router)
    return app
