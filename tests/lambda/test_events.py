"""The real handler answers every sample event with the status and code that `tools.make_events` lists."""

import base64
import json
import sys
from typing import Any

import pytest

from function.errors import UnexpectedEvent
from tests.support.logs import log_lines
from tools.bulk_events import bulk_samples
from tools.make_events import EVENTS_FOLDER, samples

SAMPLES = samples()


def body_of(response: dict[str, Any]) -> Any:
    assert not response["isBase64Encoded"], "JSON and problem documents must come as text"
    return json.loads(response["body"])


def replay(handler: Any, name: str, context: Any) -> dict[str, Any]:
    event = json.loads((EVENTS_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return handler(event, context)  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", SAMPLES)
def test_event_gets_its_answer(handler: Any, context: Any, name: str) -> None:
    response = replay(handler, name, context)
    sample = SAMPLES[name]
    assert response["statusCode"] == sample.status, response["body"]
    if name.startswith("warmup"):
        assert response["body"] == ""
    elif sample.code:
        problem = body_of(response)
        assert (problem["code"], problem["request_id"]) == (sample.code, context.aws_request_id)
        assert response["headers"]["content-type"] == "application/problem+json"
    else:
        assert response["headers"]["x-request-id"] == context.aws_request_id


def test_every_front_door_and_prefix_gives_the_same_tags(handler: Any, context: Any) -> None:
    doors = ("rest", "http", "function-url", "alb")
    whole = [body_of(replay(handler, f"{door}-tag-multipart", context)) for door in doors]
    assert {tag["group"] for tag in whole[0]} == {"pet", "fur"}
    assert all(answer == whole[0] for answer in whole)
    limited = [f"{door}-tag-{kind}" for door in doors for kind in ("raw", "json")]
    prefixed = [f"{door}-tag" for door in ("rest-base-path", "http-stage", "rest-trailing-slash")]
    best = [body_of(replay(handler, name, context)) for name in (*limited, *prefixed)]
    assert all(answer == whole[0][:3] for answer in best)


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("rest-docs", "/prod"),
        ("rest-trailing-slash-docs", "/prod"),
        ("rest-base-path-docs", "/pets"),
        ("http-stage-docs", "/dev"),
    ],
)
def test_docs_load_the_openapi_document_below_the_prefix(handler: Any, context: Any, name: str, prefix: str) -> None:
    response = replay(handler, name, context)
    html = base64.b64decode(response["body"]).decode() if response["isBase64Encoded"] else response["body"]
    assert f"'{prefix}/openapi.json'" in html


@pytest.mark.parametrize("accept", ["*/*", "text/html,application/xhtml+xml,image/avif,*/*;q=0.8", "image/avif,*/*"])
def test_page_is_text_for_any_accept_header(handler: Any, context: Any, accept: str) -> None:
    event = dict(SAMPLES["rest-page"].event)
    response = handler(event | {"multiValueHeaders": event["multiValueHeaders"] | {"Accept": [accept]}}, context)
    assert (response["statusCode"], response["isBase64Encoded"]) == (200, False)
    assert response["headers"]["content-type"] == "text/html; charset=utf-8"
    assert response["body"].startswith("<!doctype html>")
    assert response["body"].endswith("</html>\n")


@pytest.mark.parametrize(
    "event", ["text", 5, {"requestContext": None}, {"version": "2.0"}, {"requestContext": {"a": 1}}]
)
def test_other_events_get_400(handler: Any, context: Any, event: Any) -> None:
    response = handler(event, context)
    assert (response["statusCode"], body_of(response)["code"]) == (400, "malformed_event")


@pytest.mark.parametrize(
    "event",
    [
        None,
        {},
        [],
        "",
        {"Records": []},
        "ping",
        {"ping": True},
        {"warmer": True, "concurrency": 3},
        {"source": "keep-active"},
        SAMPLES["warmup-plugin"].event,
        SAMPLES["warmup-schedule"].event,
    ],
)
def test_warm_up_and_empty_events_get_an_empty_answer_and_one_info_line(handler: Any, context: Any, event: Any) -> None:
    with log_lines() as lines:
        response = handler(event, context)
    assert (response["statusCode"], response["body"]) == (200, "")
    assert [line["level"] for line in lines] == ["INFO"]


def test_request_after_a_warm_up_event_is_no_cold_start(handler: Any, context: Any) -> None:
    sys.modules["function.handler"].start.record("init", 1000)
    with log_lines() as lines:
        handler({}, context)
        replay(handler, "rest-health", context)
    assert [line["cold_start"] for line in lines] == [True, False]


@pytest.mark.parametrize(
    "event",
    [
        *(sample.event for sample in bulk_samples().values()),
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "pets"},
        {"version": "0", "source": "aws.s3", "detail-type": "Object Created", "detail": {"bucket": {"name": "pets"}}},
        {"awslogs": {"data": "H4sIAAAAAAAA"}},
    ],
)
def test_event_of_another_service_fails_the_invocation(handler: Any, context: Any, event: Any) -> None:
    with pytest.raises(UnexpectedEvent, match="bulk function"):
        handler(event, context)


def test_broken_base64_gets_400(handler: Any, context: Any) -> None:
    event = dict(SAMPLES["rest-tag-raw"].event) | {"body": "not base64!"}
    assert handler(event, context)["statusCode"] == 400


def test_base64_with_line_breaks_is_accepted(handler: Any, context: Any) -> None:
    event = dict(SAMPLES["rest-tag-raw"].event)
    lines = event | {"body": base64.encodebytes(base64.b64decode(event["body"])).decode()}
    assert body_of(handler(lines, context)) == body_of(handler(event, context))


def test_body_is_not_decoded_by_mangum(handler: Any, context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: Any) -> bytes:
        raise AssertionError

    monkeypatch.setattr(base64, "b64decode", slow)  # Mangum calls this
    assert replay(handler, "rest-tag-raw", context)["statusCode"] == 200
