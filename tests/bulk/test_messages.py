"""Messages of every source yield the decoded key of the object."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.bulk.messages import is_delete_marker, read_item, read_message
from function.errors import MalformedMessage
from function.s3 import S3Object
from tools.bulk_events import BUCKET, notification, object_created

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50)


@given(KEYS)
def test_key_of_an_s3_notification_is_decoded(key: str) -> None:
    (source,) = read_message(json.dumps({"Records": [notification(key)]}))
    assert (source.bucket, source.key) == (BUCKET, key)
    assert source.version == source.etag


@given(KEYS)
def test_key_of_an_eventbridge_event_is_unchanged(key: str) -> None:
    (source,) = read_message(json.dumps(object_created(key)))
    assert (source.bucket, source.key) == (BUCKET, key)


@given(KEYS)
def test_key_of_our_own_message_is_unchanged(key: str) -> None:
    assert read_message(json.dumps({"bucket": BUCKET, "key": key})) == [S3Object(BUCKET, key)]


def test_version_of_every_kind_of_message_is_read() -> None:
    event, record = object_created("a"), notification("a")
    event["detail"]["object"]["version-id"] = record["s3"]["object"]["versionId"] = "v1"
    for message in (event, {"Records": [record]}):
        assert read_message(json.dumps(message))[0].version == "v1"
    assert read_message('{"bucket": "b", "key": "k", "version_id": "v1"}')[0].version == "v1"
    assert S3Object("b", "k", "null", "etag").version == "etag"


def test_several_records_are_several_objects() -> None:
    message = {"Records": [notification("a"), notification("b", "ObjectRemoved:Delete"), notification("c")]}
    assert [source.key for source in read_message(json.dumps(message))] == ["a", "c"]


def test_other_events_name_no_object() -> None:
    assert read_message(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"})) == []
    assert read_message(json.dumps(object_created("a") | {"detail-type": "Object Deleted"})) == []


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_raises_if_the_message_is_unknown(body: str) -> None:
    with pytest.raises(MalformedMessage):
        read_message(body)


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"Records": None},
        {"Records": [{}]},
        {"Records": [{"eventName": "ObjectCreated:Put", "s3": {}}]},
        {"source": "aws.s3"},
        {"source": "aws.s3", "detail-type": "Object Created", "detail": {}},
        {"bucket": "b"},
        {"bucket": "b", "key": ""},
        {"bucket": "b", "key": 1},
        {"bucket": ["b"], "key": "k"},
        {"bucket": "b", "key": "k", "version_id": 1},
    ],
)
def test_raises_if_the_message_is_incomplete(message: dict[str, Any]) -> None:
    with pytest.raises(MalformedMessage):
        read_message(json.dumps(message))


def test_items_of_an_inventory_are_encoded() -> None:
    item = {"Bucket": "b", "Key": "a%2Bb+c.jpg", "VersionId": "v1"}
    assert read_item(item, {"keys": "encoded"}) == S3Object("b", "a+b c.jpg", "v1")
    assert read_item({"Key": "a%2Bb+c.jpg"}, {"bucket": "b"}) == S3Object("b", "a%2Bb+c.jpg")
    assert is_delete_marker({"IsDeleteMarker": "true"})
    assert not is_delete_marker({"IsDeleteMarker": "false"})
