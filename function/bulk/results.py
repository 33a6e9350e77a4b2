"""The result of each object: its shape, and where it is kept.

A result's key follows from the object's version, the model and the labels. It is written only if it is not there yet
(S3's conditional write), so that each version has one, however often a queue delivers: see docs/adr/0005.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from function.errors import ObjectNotFound, TaggerError
from function.model.baked_folder import Manifest
from function.s3 import ObjectStore, S3Object
from function.tagging.scoring import Tag

Result = dict[str, Any]

PREFIX = "results"
# What this service writes: results, and what a backfill says at its end.
OWN_PREFIXES = (f"{PREFIX}/", "backfills/")
# A key of S3 has at most 1,024 bytes; this leaves room for the bucket's name and what is added.
_MAX_KEY_BYTES = 850
_MAX_RESULT_BYTES = 1_000_000


class Results:
    """The results of one model with one set of labels, in one bucket."""

    def __init__(self, store: ObjectStore, bucket: str, manifest: Manifest) -> None:
        self._store, self._bucket, self._manifest = store, bucket, manifest
        self._tagger = json.dumps([manifest.model_id, manifest.revision, manifest.source, manifest.labels_digest])

    def key(self, source: S3Object) -> str:
        """Return the key of the result of `source`: below the name of its bucket and its own key, to be found by."""
        identity = f"{source.version or ''}\n{self._tagger}"
        name = source.key
        if len(name.encode()) > _MAX_KEY_BYTES:
            name = f"sha256-{hashlib.sha256(name.encode()).hexdigest()}"
        return f"{PREFIX}/{source.bucket}/{name}/{hashlib.sha256(identity.encode()).hexdigest()[:24]}.json"

    def owns(self, source: S3Object) -> bool:
        """Return whether that object is of our own making: tagging it would make another, and so on."""
        return source.bucket == self._bucket and source.key.startswith(OWN_PREFIXES)

    def find(self, source: S3Object) -> Result | None:
        """Return the result that is there already.

        Raises StorageUnavailable.
        """
        try:
            _, body = self._store.fetch(S3Object(self._bucket, self.key(source)), _MAX_RESULT_BYTES)
        except ObjectNotFound:
            return None
        result: Result = json.loads(body)
        return result

    def record(self, source: S3Object, result: Result) -> bool:
        """Write the result, unless one is there; return whether it was written.

        Raises StorageUnavailable.
        """
        return self._store.create(self._bucket, self.key(source), json.dumps(result).encode())

    def tagged(self, source: S3Object, tags: Sequence[Tag]) -> Result:
        """Return the result of a picture."""
        return self._result(source, {"tags": [tag.to_json() for tag in tags]})

    def failed(self, source: S3Object, error: TaggerError) -> Result:
        """Return the result of what is no picture, or cannot be read as one."""
        return self._result(source, {"error": {"code": error.code, "detail": str(error)}})

    def _result(self, source: S3Object, outcome: dict[str, Any]) -> Result:
        return {
            "bucket": source.bucket,
            "key": source.key,
            "version_id": source.version_id,
            "etag": source.etag,
            **outcome,
            "model": self._manifest.model_name,
            "labels_digest": self._manifest.labels_digest,
            "tagged_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
