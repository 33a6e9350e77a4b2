"""The stack's upload bucket: where pictures go that are too large for a request, and how one is named in a request."""

import asyncio
import re
import uuid

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from function.api import openapi
from function.api.schemas import UploadTarget
from function.errors import MalformedBody, SourceForbidden, SourceNotSupported
from function.s3 import ObjectStore, S3Object
from function.settings import Settings

router = APIRouter()

PREFIX = "uploads/"
EXPIRES_IN_S = 600
_CANNOT = "This deployment does not read from S3: send the image itself."


class UploadBucket:
    """The bucket that `settings` name, if any."""

    def __init__(self, settings: Settings, store: ObjectStore) -> None:
        self._bucket, self._max_bytes, self._store = settings.upload_bucket, settings.max_object_bytes, store

    def read(self, url: str) -> bytes:
        """Return the object that an s3:// URL names (with `?versionId=`, that version of it).

        Raises SourceNotSupported if there is no bucket, SourceForbidden if it names another, MalformedBody if it
        names none, and the errors of `ObjectStore.fetch`.
        """
        if not self._bucket:
            raise SourceNotSupported(_CANNOT)
        source = parse_s3_url(url)
        if source.bucket != self._bucket:
            raise SourceForbidden("Only objects of this deployment's upload bucket are read: see POST /uploads.")
        return self._store.fetch(source, self._max_bytes)[1]

    def offer(self) -> UploadTarget:
        """Return a place for one picture, to be uploaded there within `EXPIRES_IN_S`.

        Raises SourceNotSupported if there is no bucket.
        """
        if not self._bucket:
            raise SourceNotSupported("This deployment has no upload bucket: send the image itself.")
        key = f"{PREFIX}{uuid.uuid4().hex}"
        post = self._store.presigned_post(S3Object(self._bucket, key), self._max_bytes, EXPIRES_IN_S)
        return UploadTarget(
            url=post["url"],
            fields=post["fields"],
            inputs=f"s3://{self._bucket}/{key}",
            max_bytes=self._max_bytes,
            expires_in_s=EXPIRES_IN_S,
        )


def parse_s3_url(url: str) -> S3Object:
    """Return the object that `s3://bucket/key` names; the key is taken as it is, but for a `?versionId=` at its end.

    Raises MalformedBody if there is no bucket or no key.
    """
    version = re.search(r"\?versionId=([^&?#/]+)$", url)
    named = url[: version.start()] if version else url
    bucket, _, key = named.removeprefix("s3://").partition("/")
    if not bucket or not key:
        raise MalformedBody("inputs is no object of S3: s3://bucket/key is.")
    return S3Object(bucket, key, version[1] if version else None)


@router.post(
    "/uploads",
    status_code=201,
    summary="Get a place for a large picture",
    response_model=UploadTarget,
    responses=openapi.upload_responses(),
)
async def uploads(request: Request) -> JSONResponse:
    """Return where to upload one picture that is too large for a request, and what to tag it by.

    Post a form with all of `fields`, then `Content-Type` (an image type) and, last, `file`, to `url`. Then
    `POST /tag` with `{"inputs": "<inputs>"}`.
    """
    bucket: UploadBucket = request.app.state.upload_bucket
    target = await asyncio.to_thread(bucket.offer)
    return JSONResponse(target.model_dump(), 201)
