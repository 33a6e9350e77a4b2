"""The HTTP API: its routes, and how they are put together."""

import asyncio
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse

from function import __version__
from function.api import openapi, problems
from function.api.observe import Observe
from function.api.schemas import Health, LabelGroup, Labels, TagResult
from function.api.uploads import read_upload
from function.errors import Overloaded
from function.settings import Settings
from function.tagging.tagger import Tagger, Tagging

_router = APIRouter()
_SCORE_DIGITS = 6


def create_app(tagger: Tagger, settings: Settings) -> FastAPI:
    """Return the ASGI app that serves `tagger`."""
    app = _routed_app()
    app.state.tagger, app.state.settings, app.state.waiting = tagger, settings, 0
    app.add_middleware(Observe, model=tagger.manifest.model_name)
    problems.install(app)
    return app


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document, which is the same whatever the model."""
    return _routed_app().openapi()


def _routed_app() -> FastAPI:
    app = FastAPI(title="Pet tagger", version=__version__, description=openapi.DESCRIPTION)
    app.include_router(_router)
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
    if state.waiting >= state.settings.max_waiting_requests:
        raise Overloaded("Too many requests are waiting: try again in a second.")
    state.waiting += 1
    try:
        upload = await read_upload(request, state.settings.max_image_bytes)
        request.state.log["bytes"] = len(upload.data)
        tagging = await asyncio.to_thread(state.tagger.tag, upload.data, upload.options)
    finally:
        state.waiting -= 1
    request.state.log |= _log_fields(tagging)
    tags = [{"label": tag.label, "score": round(tag.score, _SCORE_DIGITS), "group": tag.group} for tag in tagging.tags]
    return JSONResponse(tags, headers={"Server-Timing": _server_timing(tagging.milliseconds)})


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
async def index() -> RedirectResponse:
    """Lead whoever opens the service in a browser to its documentation; relative, so that a stage's path stays."""
    return RedirectResponse("docs")


def _log_fields(tagging: Tagging) -> dict[str, object]:
    """Return what the log says of an answer: never the picture."""
    best = tagging.tags[0] if tagging.tags else None
    return {
        "format": tagging.image.format,
        "pixels": tagging.image.width * tagging.image.height,
        "top_tag": best.label if best else None,
        **{f"{phase}_ms": round(value, 2) for phase, value in tagging.milliseconds.items()},
    }


def _server_timing(milliseconds: dict[str, float]) -> str:
    """Return the phases in the syntax of the W3C's Server Timing."""
    return ", ".join(f"{phase};dur={value:.1f}" for phase, value in milliseconds.items())
