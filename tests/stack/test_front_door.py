"""Requests through the emulated API Gateway: keys, bodies, errors, preflights and uploads."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.stack.conftest import Stack
from tests.support.answers import BODIES, check_scores

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "wrong-key-of-enough-letters"}], ids=["no key", "wrong key"])
@pytest.mark.parametrize(("method", "path"), [("POST", "/tag"), ("POST", "/uploads"), ("GET", "/health")])
def test_refuses_a_request_without_a_valid_key(stack: Stack, headers: dict[str, str], method: str, path: str) -> None:
    with stack.api(headers) as stranger:
        assert stranger.request(method, path).status_code == 403


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_tags_an_image_in_every_kind_of_body(
    api: httpx2.Client, drawing_jpeg: bytes, expected: dict[str, float], body: Callable[[bytes], Any]
) -> None:
    check_scores(api.post("/tag", **body(drawing_jpeg)), expected)


def test_options_in_the_query_reach_the_function(api: httpx2.Client, drawing_jpeg: bytes) -> None:
    answer = api.post("/tag?top_k=1", content=drawing_jpeg, headers={"content-type": "image/jpeg"})
    assert len(answer.json()) == 1


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"This is a text.\n" * 40, 415, "unsupported_media_type"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + b"\x00" * 200, 422, "undecodable_image"),
        (b"", 400, "missing_image"),
    ],
    ids=["text", "broken JPEG", "empty"],
)
def test_an_error_keeps_its_status_and_its_problem_document(
    api: httpx2.Client, content: bytes, status: int, code: str
) -> None:
    answer = api.post("/tag", content=content, headers={"content-type": "image/jpeg"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_preflight_needs_no_key_and_allows_the_key_header(stack: Stack) -> None:
    headers = {"origin": "https://a.example", "access-control-request-method": "POST"}
    with stack.api(headers) as page:
        answer = page.options("/tag")
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "X-Api-Key" in answer.headers["access-control-allow-headers"]


@pytest.mark.parametrize("path", ["/", "/labels", "/health", "/docs", "/openapi.json"])
def test_serves_every_page(api: httpx2.Client, path: str) -> None:
    assert api.get(path).status_code == 200


def test_tags_an_image_that_was_uploaded_with_a_signed_form(
    api: httpx2.Client, drawing_jpeg: bytes, expected: dict[str, float]
) -> None:
    form = _form(api)
    assert _upload(form, drawing_jpeg, "image/jpeg").status_code in {200, 204}
    check_scores(api.post("/tag", json={"inputs": form["inputs"]}), expected)


def test_a_signed_form_accepts_images_only(api: httpx2.Client) -> None:
    form = _form(api)
    assert _upload(form, b"<script>", "text/html").status_code == 403
    missing = api.post("/tag", json={"inputs": form["inputs"]})
    assert (missing.status_code, missing.json()["code"]) == (404, "object_not_found")


def _form(api: httpx2.Client) -> Any:
    answer = api.post("/uploads")
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


def _upload(form: Any, content: bytes, media_type: str) -> httpx2.Response:
    fields = {**form["fields"], "Content-Type": media_type}
    return httpx2.post(form["url"], data=fields, files={"file": ("image", content, media_type)})
