"""The stack's upload bucket: it takes images that are too large for a request, and requests name them by s3:// URL."""

import re
import uuid

from function.api.schemas import UploadTarget
from function.errors import MalformedBody, SourceForbidden, SourceNotSupported
from function.s3 import ObjectStore, S3Object
from function.settings import Settings

UPLOADS_PREFIX = "uploads/"
EXPIRES_IN_S = 600


class UploadBucket:
    """The bucket `settings.upload_bucket`, which may be empty: then both methods raise SourceNotSupported."""

    def __init__(self, settings: Settings, store: ObjectStore) -> None:
        self._bucket, self._max_bytes, self._store = settings.upload_bucket, settings.max_object_bytes, store

    def read(self, url: str) -> bytes:
        """Return the object at `s3://bucket/key`, or one version of it if the URL ends with `?versionId=`.

        Raises SourceForbidden if `url` names anything but an upload of this deployment, MalformedBody if it is not such
        a URL, and the errors of `ObjectStore.fetch`.
        """
        if not self._bucket:
            raise SourceNotSupported("This deployment does not read from S3. Send the image in the request.")
        source = parse_s3_url(url)
        if source.bucket != self._bucket or not source.key.startswith(UPLOADS_PREFIX):
            raise SourceForbidden("`inputs` must name an upload of this deployment: see POST /uploads.")
        return self._store.fetch(source, self._max_bytes)[1]

    def create_target(self) -> UploadTarget:
        """Return a presigned form that uploads one image within `EXPIRES_IN_S` seconds."""
        if not self._bucket:
            raise SourceNotSupported("This deployment has no upload bucket. Send the image in the request.")
        key = f"{UPLOADS_PREFIX}{uuid.uuid4().hex}"
        post = self._store.presigned_post(S3Object(self._bucket, key), self._max_bytes, EXPIRES_IN_S)
        return UploadTarget(
            url=post["url"],
            fields=post["fields"],
            inputs=f"s3://{self._bucket}/{key}",
            max_bytes=self._max_bytes,
            expires_in_s=EXPIRES_IN_S,
        )


def parse_s3_url(url: str) -> S3Object:
    """Return the object that `s3://bucket/key` names; `?versionId=` at the end selects a version.

    The key is not percent-decoded. Raises MalformedBody if the bucket or the key is missing.
    """
    version = re.search(r"\?versionId=([^&?#/]+)$", url)
    address = url[: version.start()] if version else url
    bucket, _, key = address[len("s3://") :].partition("/")
    if not bucket or not key:
        raise MalformedBody("`inputs` must look like s3://bucket/key.")
    return S3Object(bucket, key, version[1] if version else None)
