"""The result of each object: its JSON, and where it is stored.

The key of a result depends on the object's version, the model and the labels. A result is written only if there is none
(S3's conditional write), so each version has one result, even if a queue delivers its message twice: see
docs/adr/0005.
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
# Prefixes that this service writes to: results, and the summaries of backfills.
OWN_PREFIXES = (f"{PREFIX}/", "backfills/")
# A key of S3 has at most 1,024 bytes. The rest is for the bucket's name and the digest.
_MAX_KEY_BYTES = 850
_MAX_RESULT_BYTES = 1_000_000


class Results:
    """The results of one model with one set of labels, in one bucket."""

    def __init__(self, store: ObjectStore, bucket: str, manifest: Manifest) -> None:
        self._store, self._bucket, self._manifest = store, bucket, manifest
        self._tagger = json.dumps(
            [manifest.model_id, manifest.revision, manifest.source, manifest.labels_digest, manifest.temperatures]
        )

    def key(self, s3_object: S3Object) -> str:
        """Return the key of an object's result: results/BUCKET/KEY/DIGEST.json. A very long key is hashed."""
        identity = f"{s3_object.version or ''}\n{self._tagger}"
        name = s3_object.key
        if len(name.encode()) > _MAX_KEY_BYTES:
            name = f"sha256-{hashlib.sha256(name.encode()).hexdigest()}"
        return f"{PREFIX}/{s3_object.bucket}/{name}/{hashlib.sha256(identity.encode()).hexdigest()[:24]}.json"

    def owns(self, s3_object: S3Object) -> bool:
        """Return whether this service wrote the object. Tagging it would write another result, without end."""
        return s3_object.bucket == self._bucket and s3_object.key.startswith(OWN_PREFIXES)

    def find(self, s3_object: S3Object) -> Result | None:
        """Return the recorded result of an object, None if there is none. Raises StorageUnavailable."""
        try:
            _, body = self._store.fetch(S3Object(self._bucket, self.key(s3_object)), _MAX_RESULT_BYTES)
        except ObjectNotFound:
            return None
        result: Result = json.loads(body)
        return result

    def record(self, s3_object: S3Object, result: Result) -> None:
        """Write the result unless there is one already. Raises StorageUnavailable."""
        self._store.create(self._bucket, self.key(s3_object), json.dumps(result).encode())

    def tagged(self, s3_object: S3Object, tags: Sequence[Tag]) -> Result:
        """Return the result of an image."""
        return self._result(s3_object, {"tags": [tag.to_json() for tag in tags]})

    def failed(self, s3_object: S3Object, error: TaggerError) -> Result:
        """Return the result of an object that is not an image, or that cannot be decoded."""
        return self._result(s3_object, {"error": {"code": error.code, "detail": str(error)}})

    def _result(self, s3_object: S3Object, outcome: dict[str, Any]) -> Result:
        return {
            "bucket": s3_object.bucket,
            "key": s3_object.key,
            "version_id": s3_object.version_id,
            "etag": s3_object.etag,
            **outcome,
            "model": self._manifest.model_name,
            "labels_digest": self._manifest.labels_digest,
            "tagged_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
