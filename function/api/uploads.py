"""POST /uploads: a presigned form for an image that is too large for a request."""

import asyncio

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from function.api import openapi
from function.api.dependencies import UploadBucketDep
from function.api.schemas import UploadTarget

router = APIRouter()


@router.post(
    "/uploads",
    status_code=201,
    summary="Get an upload form for a large image",
    response_model=UploadTarget,
    responses=openapi.upload_responses(),
)
async def uploads(upload_bucket: UploadBucketDep) -> JSONResponse:
    """Return a form that uploads one image that is too large for a request.

    Post a form to `url` with all of `fields`, then `Content-Type` (an image type), then `file` as the last field.
    After that, `POST /tag` with `{"inputs": "<inputs>"}`.
    """
    target = await asyncio.to_thread(upload_bucket.create_target)
    return JSONResponse(target.model_dump(), 201)
