"""The app as a whole: routes, headers and errors of all answers, the OpenAPI document, and log lines."""

import asyncio
from typing import Any

import pytest
from starlette.testclient import TestClient

from function import __version__
from function.api.app import create_app, openapi_document
from function.api.problems import status_of
from function.errors import BulkError, ModelError, TaggerError, UnexpectedEvent
from function.settings import Settings
from function.tagging.labels import LabelSet
from function.tagging.options import TagOptions
from function.tagging.tagger import Tagger
from tests.support.logs import log_lines
from tests.support.problems import is_problem


def all_errors(base: type[TaggerError] = TaggerError) -> list[type[TaggerError]]:
    return [base, *(error for sub in base.__subclasses__() for error in all_errors(sub))]


def test_health_names_the_model(client: TestClient) -> None:
    digest = LabelSet.read().digest
    expected = {"status": "ok", "model": "small", "revision": "", "labels_digest": digest, "version": __version__}
    assert client.get("/health").json() == expected


def test_labels_lists_the_labels_of_the_model(client: TestClient) -> None:
    answer = client.get("/labels").json()
    assert answer["digest"] == LabelSet.read().digest
    pet, fur = answer["groups"]
    assert pet["labels"][:2] == ["cat", "dog"]
    assert "car" in pet["background"]
    assert fur["parent_labels"] == ["cat", "dog", "hamster", "rabbit"]


def test_docs_and_openapi_document_are_served(client: TestClient) -> None:
    assert "/openapi.json" in client.get("/docs").text
    assert client.get("/openapi.json").json() == openapi_document()


@pytest.mark.parametrize("path", ["/tag", "/embed"])
def test_openapi_document_has_all_bodies_options_and_errors(path: str) -> None:
    operation = openapi_document()["paths"][path]["post"]
    assert set(operation["requestBody"]["content"]) == {
        "multipart/form-data",
        "application/json",
        "image/*",
        "application/octet-stream",
    }
    taken = [*TagOptions.model_fields] if path == "/tag" else []
    assert [parameter["name"] for parameter in operation.get("parameters", [])] == taken
    documented = {
        code: int(status)
        for status, response in operation["responses"].items()
        for content in response["content"].values()
        for code in content.get("examples", {})
        if status != "200"
    }
    at_request_time = {
        error.code: status_of(error)
        for error in all_errors()
        if not issubclass(error, ModelError | BulkError | UnexpectedEvent) and not error.__subclasses__()
    }
    assert documented == at_request_time
    assert {"example", "examples"} & set(operation["responses"]["200"]["content"]["application/json"])
    assert {"X-Request-Id", "X-Model", "Server-Timing"} == set(operation["responses"]["200"]["headers"])


def test_every_error_has_a_unique_code() -> None:
    errors = all_errors()
    assert len({error.code for error in errors}) == len(errors)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/tag", 405, "method_not_allowed"),
        ("PUT", "/health", 405, "method_not_allowed"),
    ],
)
def test_unknown_path_or_method_gets_a_problem_document(
    client: TestClient, method: str, path: str, status: int, code: str
) -> None:
    is_problem(client.request(method, path), status, code)


def test_problem_is_logged_with_its_code(client: TestClient) -> None:
    with log_lines() as lines:
        client.post("/tag", content=b"no picture", headers={"content-type": "image/jpeg"})
    logged = [(line["status"], line["code"], line["cold_start"]) for line in lines]
    assert logged == [(415, "unsupported_media_type", False)]


def test_unexpected_error_gets_500_without_its_message(
    small_tagger: Tagger, cat_jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(small_tagger, "tag", fail)
    with TestClient(create_app(small_tagger, Settings())) as client, log_lines() as lines:
        response = client.post("/tag", content=cat_jpeg)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (500, "internal_error")
    assert "secret" not in response.text
    assert "a secret" in lines[0]["exception"]
    assert lines[0]["request_id"] == problem["request_id"]
    assert (lines[1]["status"], lines[1]["code"]) == (500, "internal_error")


def test_requests_over_the_limit_get_503_with_retry_after(small_tagger: Tagger, cat_jpeg: bytes) -> None:
    app = create_app(small_tagger, Settings(max_waiting_requests=2))
    statuses: list[int] = []
    headers: list[dict[bytes, bytes]] = []

    async def post() -> None:
        body = [{"type": "http.request", "body": cat_jpeg, "more_body": False}]

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(0)
            return body.pop()

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
                headers.append(dict(message["headers"]))

        scope = {"type": "http", "method": "POST", "path": "/tag", "query_string": b"", "headers": []}
        await app(scope, receive, send)

    async def post_all() -> None:
        await asyncio.gather(*(post() for _ in range(6)))

    with asyncio.Runner() as runner:
        runner.run(post_all())
    assert sorted(statuses) == [200, 200, 503, 503, 503, 503]
    assert all(h[b"retry-after"] == b"1" for h, status in zip(headers, statuses, strict=True) if status == 503)
    with TestClient(app) as client:
        assert client.post("/tag", content=cat_jpeg).status_code == 200
