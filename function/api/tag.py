"""POST /tag: one image in, ranked tags out."""

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from function.api import openapi
from function.api.body import read_tag_body
from function.api.dependencies import AdmissionDep, RequestLogDep, SettingsDep, TaggerDep, UploadBucketDep
from function.api.measurements import log_fields, server_timing
from function.api.schemas import TagResult
from function.tagging.options import TagOptions

router = APIRouter()


@router.post(
    "/tag",
    summary="Tag an image",
    response_model=list[TagResult],
    responses=openapi.tag_responses(),
    openapi_extra=openapi.tag_request(),
)
async def tag(  # noqa: PLR0913, PLR0917 - FastAPI injects the dependencies as arguments
    request: Request,
    tagger: TaggerDep,
    settings: SettingsDep,
    upload_bucket: UploadBucketDep,
    admission: AdmissionDep,
    log: RequestLogDep,
) -> JSONResponse:
    """Return the labels that fit the image, with scores, best first.

    A score is a probability within its group. Pet types compete with a background (people, cars, food, ...) that is
    never returned, so an image of something else may get no tag. Fur types apply to furred pets only and share
    their probability.
    """
    with admission.admit():
        body = await read_tag_body(request, settings, upload_bucket)
        log["bytes"] = len(body.image)
        tagging = await asyncio.to_thread(tagger.tag, body.image, TagOptions.parse(body.options))
    best = tagging.tags[0].label if tagging.tags else None
    log |= {**log_fields(tagging.image, tagging.milliseconds), "top_tag": best}
    return JSONResponse(
        [each.to_json() for each in tagging.tags], headers={"Server-Timing": server_timing(tagging.milliseconds)}
    )
