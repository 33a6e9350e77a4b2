"""Results as EventBridge events."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from function.bulk.results import Result
from function.errors import StorageUnavailable

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient

SOURCE, DETAIL_TYPE = "pet-tagger", "ImageTagged"
# Limit of PutEvents (Amazon EventBridge API Reference, "PutEvents").
MAX_EVENTS = 10


def publish(client: "EventBridgeClient", event_bus: str, results: Sequence[Result]) -> list[StorageUnavailable | None]:
    """Send one event for each of at most `MAX_EVENTS` results; return the error of each, None for success.

    Each event is sent at least once: a consumer may receive the same event again.
    """
    try:
        answer = client.put_events(
            Entries=[
                {
                    "Source": SOURCE,
                    "DetailType": DETAIL_TYPE,
                    "Detail": json.dumps(result),
                    "EventBusName": event_bus,
                }
                for result in results
            ]
        )
    except (BotoCoreError, ClientError) as error:
        return [_refused(error)] * len(results)
    codes = [entry.get("ErrorCode") for entry in answer["Entries"]]
    return [_refused(code) if code else None for code in codes]


def _refused(reason: object) -> StorageUnavailable:
    return StorageUnavailable(f"EventBridge did not accept the event: {reason}.")
