"""Results as EventBridge events, for whoever wants to know when an image was tagged."""

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
# PutEvents takes no more at once.
MAX_EVENTS = 10


class Announcer:
    """One event bus. An event is sent at least once: whoever listens must not mind to hear it again."""

    def __init__(self, event_bus: str, make_client: "Callable[[], EventBridgeClient] | None" = None) -> None:
        self._event_bus, self._make_client = event_bus, make_client or _client

    @cached_property
    def _client(self) -> "EventBridgeClient":
        return self._make_client()

    def announce(self, results: Sequence[Result]) -> list[StorageUnavailable | None]:
        """Send one event for each of `results`; return for each what went wrong, None if nothing."""
        parts = [results[start : start + MAX_EVENTS] for start in range(0, len(results), MAX_EVENTS)]
        return [error for part in parts for error in self._announce(part)]

    def _announce(self, results: Sequence[Result]) -> list[StorageUnavailable | None]:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            answer = self._client.put_events(
                Entries=[
                    {
                        "Source": SOURCE,
                        "DetailType": DETAIL_TYPE,
                        "Detail": json.dumps(result),
                        "EventBusName": self._event_bus,
                    }
                    for result in results
                ]
            )
        except (BotoCoreError, ClientError) as error:
            return [StorageUnavailable(f"EventBridge took no event: {error}.")] * len(results)
        return [
            StorageUnavailable(f"EventBridge did not take the event: {entry['ErrorCode']}")
            if "ErrorCode" in entry
            else None
            for entry in answer["Entries"]
        ]


def _client() -> "EventBridgeClient":
    import boto3  # noqa: PLC0415

    return boto3.client("events", config=client_config())
