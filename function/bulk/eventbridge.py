"""Results as EventBridge events."""

import json
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from function.bulk.results import Result
from function.errors import StorageUnavailable
from function.s3 import client_config

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient

SOURCE, DETAIL_TYPE = "pet-tagger", "ImageTagged"
# Limit of PutEvents (Amazon EventBridge API Reference, "PutEvents").
MAX_EVENTS = 10


class EventPublisher:
    """Sends events to one event bus, each at least once: a consumer may receive the same event again."""

    def __init__(self, event_bus: str, make_client: "Callable[[], EventBridgeClient] | None" = None) -> None:
        self._event_bus, self._make_client = event_bus, make_client or _client

    @cached_property
    def _client(self) -> "EventBridgeClient":
        return self._make_client()

    def publish(self, results: Sequence[Result]) -> list[StorageUnavailable | None]:
        """Send one event for each of at most `MAX_EVENTS` results; return the error of each, None for success."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        entries = [
            {
                "Source": SOURCE,
                "DetailType": DETAIL_TYPE,
                "Detail": json.dumps(result),
                "EventBusName": self._event_bus,
            }
            for result in results
        ]
        try:
            answer = self._client.put_events(Entries=entries)  # type: ignore[arg-type]
        except (BotoCoreError, ClientError) as error:
            return [_refused(error)] * len(results)
        codes = [entry.get("ErrorCode") for entry in answer["Entries"]]
        return [_refused(code) if code else None for code in codes]


def _refused(reason: object) -> StorageUnavailable:
    return StorageUnavailable(f"EventBridge did not accept the event: {reason}.")


def _client() -> "EventBridgeClient":
    import boto3  # noqa: PLC0415

    return boto3.client("events", config=client_config())
