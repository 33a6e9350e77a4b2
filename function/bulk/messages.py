"""Messages and batch items to S3 objects: S3 notifications, EventBridge events, inventories, and our own messages.

S3 notifications and inventories encode a key like a form (a space is `+`). EventBridge does not encode keys.
"""

import json
from typing import Any
from urllib.parse import unquote_plus

from function.errors import MalformedMessage
from function.s3 import S3Object

_MAX_ECHOED = 200


def read_message(body: str) -> list[S3Object]:
    """Return the objects that a queue message names; none for S3's test event and for deletions.

    Raises MalformedMessage if the message has no known format.
    """
    try:
        message = json.loads(body)
        if message.get("Event") == "s3:TestEvent":
            return []
        if "Records" in message:
            return [
                _from_notification(record)
                for record in message["Records"]
                if record["eventName"].startswith("ObjectCreated:")
            ]
        if message.get("source") == "aws.s3":
            return [_from_eventbridge(message["detail"])] if message["detail-type"] == "Object Created" else []
        return [read_item(message, {})]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MalformedMessage(f"The message does not name an S3 object: {body[:_MAX_ECHOED]!r}.") from error


def read_item(item: dict[str, Any], batch: dict[str, Any]) -> S3Object:
    """Return the object of one batch item: `{"key"}`, a row of `ListObjectsV2`, or a row of an S3 inventory.

    `batch` may contain the `bucket` for all items, and `"keys": "encoded"` if the keys are those of an inventory.

    Raises MalformedMessage if the item does not name an object.
    """
    if not isinstance(item, dict) or not isinstance(batch, dict):
        raise MalformedMessage(f"Expected an item with a key, got {str(item)[:_MAX_ECHOED]!r}.")
    key = item.get("key") or item.get("Key")
    bucket = item.get("bucket") or item.get("Bucket") or batch.get("bucket")
    if isinstance(key, str) and batch.get("keys") == "encoded":
        key = unquote_plus(key)
    return _s3_object(bucket, key, item.get("version_id") or item.get("VersionId") or None, None)


def is_delete_marker(item: Any) -> bool:
    """Return whether a row of an inventory stands for a deleted object."""
    return isinstance(item, dict) and str(item.get("IsDeleteMarker", "")).lower() == "true"


def _from_notification(record: dict[str, Any]) -> S3Object:
    fields = record["s3"]["object"]
    key = unquote_plus(fields["key"])
    return _s3_object(record["s3"]["bucket"]["name"], key, fields.get("versionId"), fields.get("eTag"))


def _from_eventbridge(detail: dict[str, Any]) -> S3Object:
    fields = detail["object"]
    return _s3_object(detail["bucket"]["name"], fields["key"], fields.get("version-id"), fields.get("etag"))


def _s3_object(bucket: Any, key: Any, version_id: Any, etag: Any) -> S3Object:
    """Return the object; raises MalformedMessage if bucket or key is missing, or a value is not a string."""
    texts = (bucket, key, version_id or "", etag or "")
    if not bucket or not key or not all(isinstance(text, str) for text in texts):
        raise MalformedMessage(f"Not an S3 object: bucket {str(bucket)[:100]!r}, key {str(key)[:_MAX_ECHOED]!r}.")
    return S3Object(bucket, key, version_id or None, etag or None)
