"""What asks for objects to be tagged: S3's notifications, EventBridge's events, our own messages, inventories.

Each writes keys in its own way, so each is read here, raw: S3's notifications and inventories encode a key as a form
does (a space is `+`), EventBridge does not encode it at all.
"""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_plus

from function.errors import MalformedMessage
from function.s3 import S3Object


def read_message(body: str) -> list[S3Object]:
    """Return the objects that the message of a queue names: none for S3's test event, or where nothing was created.

    Raises MalformedMessage if it is none of those that are known.
    """
    try:
        message = json.loads(body)
        if message.get("Event") == "s3:TestEvent":
            return []
        if "Records" in message:
            return [_notified(record) for record in message["Records"] if _is_creation(record)]
        if message.get("source") == "aws.s3":
            return [_from_eventbridge(message["detail"])] if message["detail-type"] == "Object Created" else []
        return [read_item(message, {})]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MalformedMessage(f"The message names no S3 object: {body[:200]!r}.") from error


def read_item(item: dict[str, Any], batch: dict[str, Any]) -> S3Object:
    """Return the object of one item: `{"key"}`, a row of `ListObjectsV2`, or one of an S3 inventory.

    What the item does not say, `batch` may: its `bucket`, and `"keys": "encoded"` for those of an inventory. The
    versions of a listing are left to be asked for: it does not know them.

    Raises MalformedMessage if it names no object.
    """
    if not isinstance(item, dict) or not isinstance(batch, dict):
        raise MalformedMessage(f"An item is an object with a key, not {str(item)[:200]!r}.")
    key = item.get("key") or item.get("Key")
    bucket = item.get("bucket") or item.get("Bucket") or batch.get("bucket")
    if isinstance(key, str) and batch.get("keys") == "encoded":
        key = unquote_plus(key)
    return _checked(bucket, key, item.get("version_id") or item.get("VersionId") or None, None)


def is_delete_marker(item: Any) -> bool:
    """Return whether that row of an inventory says that the object was deleted: there is nothing to tag."""
    return isinstance(item, dict) and str(item.get("IsDeleteMarker", "")).lower() == "true"


def unique(objects: Iterable[S3Object]) -> list[S3Object]:
    """Return the objects in their order, each once."""
    return list(dict.fromkeys(objects))


def _is_creation(record: dict[str, Any]) -> bool:
    return str(record["eventName"]).startswith("ObjectCreated:")


def _notified(record: dict[str, Any]) -> S3Object:
    named = record["s3"]["object"]
    key = unquote_plus(named["key"])
    return _checked(record["s3"]["bucket"]["name"], key, named.get("versionId"), named.get("eTag"))


def _from_eventbridge(detail: dict[str, Any]) -> S3Object:
    named = detail["object"]
    return _checked(detail["bucket"]["name"], named["key"], named.get("version-id"), named.get("etag"))


def _checked(bucket: Any, key: Any, version_id: Any, etag: Any) -> S3Object:
    """Return the object, if bucket and key are given and nothing is of a wrong type."""
    texts = (bucket, key, version_id or "", etag or "")
    if not bucket or not key or not all(isinstance(text, str) for text in texts):
        raise MalformedMessage(f"No S3 object: bucket {str(bucket)[:100]!r}, key {str(key)[:200]!r}.")
    return S3Object(bucket, key, version_id or None, etag or None)
