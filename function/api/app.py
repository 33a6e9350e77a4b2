"""The HTTP API: its routes, and how they are put together."""

import asyncio
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from function import __version__
from function.api import cors, embed, openapi, problems, uploads
from function.api.admission import admitted
from function.api.body import read_tag
from function.api.limits import in_time
from function.api.middleware import Observe, server_timing
from function.api.page import read_page
from function.api.schemas import Health, LabelGroup, Labels, TagResult
from function.api.swagger import swagger_ui
from function.api.uploads import UploadBucket
from function.s3 import ObjectStore
from function.settings import Settings
from function.tagging.tagger import Tagger, Tagging

_router = APIRouter()
_SCORE_DIGITS = 6


class _App(FastAPI):
    """FastAPI, its document completed with the schemas that it cannot see."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        document["components"]["schemas"] |= openapi.schemas()
        return document


def create_app(tagger: Tagger, settings: Settings, start_ms: float | None = None) -> FastAPI:
    """Return the ASGI app that serves `tagger`; `start_ms` is what the start took, if a request waited for it."""
    app = _routed_app()
    app.state.tagger, app.state.settings, app.state.waiting = tagger, settings, 0
    app.state.upload_bucket = UploadBucket(settings, ObjectStore())
    cors.install(app, settings.cors_origins)
    app.add_middleware(
        Observe, model=tagger.manifest.model_name, metrics_namespace=settings.metrics_namespace, start_ms=start_ms
    )
    problems.install(app)
    return app


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document, which is the same whatever the model."""
    return _routed_app().openapi()


def _routed_app() -> FastAPI:
    app = _App(
        title="Pet tagger",
        version=__version__,
        description=openapi.DESCRIPTION,
        docs_url=None,  # ours is served under a policy of its own: see docs.py
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,  # what generated clients call their functions
    )
    app.include_router(_router)
    app.include_router(embed.router)
    app.include_router(uploads.router)
    return app


@_router.post(
    "/tag",
    summary="Tag a picture",
    response_model=list[TagResult],
    responses=openapi.tag_responses(),
    openapi_extra=openapi.tag_request(),
)
async def tag(request: Request) -> JSONResponse:
    """Return what the picture shows, as labels with scores, best first.

    A score is a probability within its group. Pet types compete with a background (people, cars, food, ...) that is
    never returned, so a picture of something else ends with no tag. Fur types apply to furred pets only and share
    their probability.
    """
    state = request.app.state
    with admitted(state):
        async with in_time(state.settings.max_upload_seconds):
            upload = await read_tag(request, state.settings.max_image_bytes, state.upload_bucket.read)
        request.state.log["bytes"] = len(upload.data)
        tagging = await asyncio.to_thread(state.tagger.tag, upload.data, upload.options)
    request.state.log |= _log_fields(tagging)
    tags = [{"label": tag.label, "score": round(tag.score, _SCORE_DIGITS), "group": tag.group} for tag in tagging.tags]
    return JSONResponse(tags, headers={"Server-Timing": server_timing(tagging.milliseconds)})


@_router.get("/labels", summary="What is tagged")
async def labels(request: Request) -> Labels:
    """Return the groups of labels this service tags, with their prompts."""
    label_set = request.app.state.tagger.bank.labels
    groups = [
        LabelGroup(
            name=group.name,
            labels=list(group.labels),
            background=list(group.background),
            templates=list(group.templates),
            parent=group.parent,
            parent_labels=list(group.parent_labels),
        )
        for group in label_set.groups
    ]
    return Labels(digest=label_set.digest, groups=groups)


@_router.get("/health", summary="Is it up, and with which model")
async def health(request: Request) -> Health:
    """Return the model that answers; a service that cannot tag does not start."""
    manifest = request.app.state.tagger.manifest
    return Health(
        status="ok",
        model=manifest.model_id,
        revision=manifest.revision,
        labels_digest=manifest.labels_digest,
        version=__version__,
    )


@_router.get("/", include_in_schema=False)
async def index(request: Request) -> Response:
    """Return the web page, or nothing new to a browser that has it."""
    page = read_page(request.app.state.settings.upload_origin)
    if page.is_current(request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=page.headers)
    return HTMLResponse(page.html, headers=page.headers)


@_router.get("/docs", include_in_schema=False)
async def docs(request: Request) -> HTMLResponse:
    """Return Swagger UI over the OpenAPI document."""
    return swagger_ui(request.app.title, f"{request.scope.get('root_path', '').rstrip('/')}/openapi.json")


def _log_fields(tagging: Tagging) -> dict[str, object]:
    """Return what the log says of an answer: never the picture."""
    best = tagging.tags[0] if tagging.tags else None
    return {
        "format": tagging.image.format,
        "pixels": tagging.image.width * tagging.image.height,
        "top_tag": best.label if best else None,
        **{f"{phase}_ms": round(value, 2) for phase, value in tagging.milliseconds.items()},
    }
