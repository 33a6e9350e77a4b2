"""The HTTP API as one ASGI app: routes, middleware and error handlers put together."""

from typing import Any

from fastapi import FastAPI

from function import __version__
from function.api import cors, docs, embed, health, labels, openapi, problems, tag, uploads
from function.api.admission import Admission
from function.api.dependencies import Services
from function.api.lenient_paths import LenientPaths
from function.api.middleware import Observe
from function.api.page import route as page
from function.api.upload_bucket import UploadBucket
from function.s3 import ObjectStore
from function.settings import Settings
from function.start import Start
from function.tagging.tagger import Tagger

_ROUTES = (tag, embed, uploads, labels, health, page, docs)


class _App(FastAPI):
    """FastAPI, with the schemas added to the OpenAPI document that FastAPI cannot derive."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        document["components"]["schemas"] |= openapi.schemas()
        return document


def create_app(tagger: Tagger, settings: Settings, start: Start | None = None) -> FastAPI:
    """Return the ASGI app that serves `tagger`. The first request logs `start`."""
    app = _app_with_routes()
    app.state.services = Services(
        tagger, settings, UploadBucket(settings, ObjectStore()), Admission(settings.max_waiting_requests)
    )
    app.add_middleware(LenientPaths)
    cors.install(app, settings.cors_origins)
    app.add_middleware(
        Observe,
        model=tagger.manifest.model_name,
        metrics_namespace=settings.metrics_namespace,
        start=start or Start(),
    )
    problems.install(app)
    return app


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document. It does not depend on the model."""
    return _app_with_routes().openapi()


def _app_with_routes() -> FastAPI:
    app = _App(
        title="Pet tagger",
        version=__version__,
        description=openapi.DESCRIPTION,
        docs_url=None,  # docs.py serves Swagger UI with a Content-Security-Policy
        redoc_url=None,
        redirect_slashes=False,  # LenientPaths serves them without a redirect
        generate_unique_id_function=lambda route: route.name,  # generated clients use it as a function name
    )
    for module in _ROUTES:
        app.include_router(module.router)
    return app
