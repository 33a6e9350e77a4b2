"""Every sample event, through the real handler, gets the answer that it should."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tools.bulk_events import bulk_samples
from tools.make_events import EVENTS_FOLDER, Request, multipart, rest_event, samples

SAMPLES = samples()


def body_of(response: dict[str, Any]) -> Any:
    assert not response["isBase64Encoded"], "JSON and problem documents must come as text"
    return json.loads(response["body"])


def replay(handler: Any, name: str, context: Any) -> dict[str, Any]:
    event = json.loads((EVENTS_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return handler(event, context)  # type: ignore[no-any-return]


def test_the_files_are_those_that_the_tool_makes() -> None:
    files = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in EVENTS_FOLDER.glob("*.json")}
    assert files == {name: sample.event for name, sample in (SAMPLES | bulk_samples()).items()}


@pytest.mark.parametrize("name", SAMPLES)
def test_gets_its_answer(handler: Any, context: Any, name: str) -> None:
    response = replay(handler, name, context)
    sample = SAMPLES[name]
    assert response["statusCode"] == sample.status, response["body"]
    if sample.code:
        problem = body_of(response)
        assert (problem["code"], problem["request_id"]) == (sample.code, context.aws_request_id)
        assert response["headers"]["content-type"] == "application/problem+json"


def test_every_front_door_gives_the_same_tags(handler: Any, context: Any) -> None:
    doors = ("rest", "http", "function-url", "alb")
    whole = [body_of(replay(handler, f"{door}-tag-multipart", context)) for door in doors]
    assert len(whole[0]) == 12
    assert all(answer == whole[0] for answer in whole)
    best = [body_of(replay(handler, f"{door}-tag-{kind}", context)) for door in doors for kind in ("raw", "json")]
    assert all(answer == whole[0][:3] for answer in best)


def test_a_picture_is_embedded_however_it_is_sent(handler: Any, context: Any) -> None:
    raw, as_json = (body_of(replay(handler, f"rest-embed-{kind}", context)) for kind in ("raw", "json"))
    assert raw == as_json
    assert len(raw["embedding"]) == raw["dim"]
    assert len(body_of(replay(handler, "rest-embed-texts", context))["embeddings"]) == 2


def test_answers_carry_lambdas_request_id(handler: Any, context: Any) -> None:
    headers = replay(handler, "rest-tag-multipart", context)["headers"]
    assert headers["x-request-id"] == context.aws_request_id
    assert headers["x-model"] == "small"
    assert "encode;dur=" in headers["server-timing"]


def test_docs_find_their_document_below_the_stage(handler: Any, context: Any) -> None:
    response = replay(handler, "rest-docs", context)
    html = base64.b64decode(response["body"]).decode() if response["isBase64Encoded"] else response["body"]
    assert "'/prod/openapi.json'" in html


def test_too_many_bytes(handler: Any, context: Any) -> None:
    form = multipart(("file", "big.jpg", b"\0" * 4_600_000))
    response = handler(
        rest_event(Request("POST", "/tag", form, "multipart/form-data; boundary=pet-tagger-boundary")), context
    )
    assert (response["statusCode"], body_of(response)["code"]) == (413, "too_many_bytes")


@pytest.mark.parametrize("event", [None, [], "text", {}, {"Records": []}, {"requestContext": None}, {"version": "2.0"}])
def test_what_is_no_http_event_is_told_so(handler: Any, context: Any, event: Any) -> None:
    response = handler(event, context)
    assert (response["statusCode"], body_of(response)["code"]) == (400, "malformed_event")


def test_broken_base64_is_told_so(handler: Any, context: Any) -> None:
    event = json.loads(Path(EVENTS_FOLDER / "rest-tag-raw.json").read_text(encoding="utf-8")) | {"body": "not base64!"}
    assert handler(event, context)["statusCode"] == 400


def test_base64_in_lines_is_read(handler: Any, context: Any) -> None:
    event = json.loads((EVENTS_FOLDER / "rest-tag-raw.json").read_text(encoding="utf-8"))
    lines = event | {"body": base64.encodebytes(base64.b64decode(event["body"])).decode()}
    assert body_of(handler(lines, context)) == body_of(handler(event, context))


def test_a_body_is_decoded_once_and_fast(handler: Any, context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: Any) -> bytes:
        raise AssertionError

    monkeypatch.setattr(base64, "b64decode", slow)  # Mangum's
    assert replay(handler, "rest-tag-raw", context)["statusCode"] == 200
