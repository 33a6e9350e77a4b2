"""Requests as real clients send them, over HTTP."""

import pytest
from starlette.testclient import TestClient

from function.tagging.options import TagOptions
from function.tagging.tagger import Tagger
from tests.support.problems import is_problem
from tests.support.request_cases import CASES, IMAGE

GET_ROUTES = ("/health", "/labels", "/", "/docs", "/openapi.json")


@pytest.mark.parametrize("name", CASES)
def test_request_gets_its_answer(client: TestClient, small_tagger: Tagger, name: str) -> None:
    case = CASES[name]
    request = case.request
    headers = {"Content-Type": request.content_type, "Content-Encoding": request.content_encoding}
    response = client.request(
        request.method,
        request.path,
        params=request.query,
        content=request.body,
        headers={name: value for name, value in headers.items() if value},
    )
    if case.status != 200:
        assert case.detail in is_problem(response, case.status, case.code)["detail"]
        return
    tags = small_tagger.tag(IMAGE, TagOptions(candidate_labels=case.labels or None)).tags
    assert (response.status_code, response.json()) == (200, [tag.to_json() for tag in tags])


@pytest.mark.parametrize("path", GET_ROUTES)
def test_head_gets_the_headers_of_get_without_a_body(client: TestClient, path: str) -> None:
    head, get = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length", "etag"):
        assert head.headers.get(name) == get.headers.get(name)


def test_head_of_other_routes_is_refused_without_a_body(client: TestClient) -> None:
    for path, status in (("/tag", 405), ("/nowhere", 404)):
        response = client.head(path)
        assert (response.status_code, response.content) == (status, b"")


@pytest.mark.parametrize("path", ["/health/", "/labels/", "/docs/", "/openapi.json/", "/health//", "/./health"])
def test_slashes_at_the_end_are_ignored(client: TestClient, path: str) -> None:
    response = client.get(path, follow_redirects=False)
    assert (response.status_code, response.text) == (200, client.get(path.replace("./", "").rstrip("/")).text)


def test_slashes_are_ignored_in_posts(client: TestClient) -> None:
    expected = client.post("/tag", content=IMAGE).json()
    for path in ("/tag/", "/tag//", "/%2Ftag/"):
        assert client.post(path, content=IMAGE, follow_redirects=False).json() == expected
    assert client.post("/embed/", content=IMAGE, follow_redirects=False).status_code == 200
    assert client.post("/uploads/", follow_redirects=False).status_code == 501


def test_tracking_parameters_are_ignored_by_embed(client: TestClient) -> None:
    response = client.post("/embed", params={"utm_source": "x", "_": "1"}, content=IMAGE)
    assert response.status_code == 200
    is_problem(client.post("/embed?top_k=1&_=1", content=IMAGE), 422, "invalid_option")


def test_embed_takes_the_image_of_hugging_faces_javascript_sdk(client: TestClient) -> None:
    case = CASES["body: older options"].request
    expected = client.post("/embed", content=IMAGE).json()
    headers = {"content-type": "application/json"}
    assert client.post("/embed", content=case.body, headers=headers).json() == expected
