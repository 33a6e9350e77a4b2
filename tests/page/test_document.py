"""The HTML of the page: one document, with a strict content security policy, and cached by its ETag."""

import base64
import hashlib
import re

import pytest
from starlette.testclient import TestClient

from function.api.page.document import read_page
from function.settings import Settings
from function.tagging.options import DEFAULT_HYPOTHESIS_TEMPLATE, MAX_CANDIDATE_LABELS, MAX_LABEL_CHARACTERS


def sources_of(html: str, element: str) -> set[str]:
    """Return the sources that a policy must list so that the inline elements of this kind run."""
    sources = re.findall(rf"<{element}[^>]*>(.*?)</{element}>", html, re.DOTALL)
    return {f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in sources}


def policy(headers: dict[str, str]) -> dict[str, list[str]]:
    directives = [directive.split() for directive in headers["content-security-policy"].split(";")]
    return {name: sources for name, *sources in directives}


def test_page_is_one_document_without_external_resources(client: TestClient) -> None:
    response = client.get("/")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    references = re.findall(r'(?:src|href|action)="([^"]*)"', response.text)
    assert {url.partition(":")[0] if url.startswith("data:") else url for url in references} == {"data", "docs", "tag"}
    assert response.text.count('src="data:image/webp;base64,') == 3
    assert "@import" not in response.text
    assert "url(" not in response.text


def test_policy_allows_only_the_inline_style_and_script_of_the_page(client: TestClient) -> None:
    response = client.get("/")
    directives = policy(dict(response.headers))
    assert set(directives["script-src"]) == sources_of(response.text, "script")
    assert set(directives["style-src"]) == sources_of(response.text, "style")
    assert directives["default-src"] == directives["base-uri"] == directives["frame-ancestors"] == ["'none'"]
    assert directives["connect-src"] == directives["form-action"] == ["'self'"]


def test_fits_the_smallest_limit_of_the_front_doors(client: TestClient) -> None:
    assert len(client.get("/").content) < 200_000  # a load balancer takes 1 MB from a function


@pytest.mark.parametrize(
    ("seen", "status"), [("{}", 304), ("W/{}", 304), ('"old", {}', 304), ("*", 304), ('"old"', 200)]
)
def test_page_is_not_sent_again_if_the_etag_matches(client: TestClient, seen: str, status: int) -> None:
    etag = client.get("/").headers["etag"]
    response = client.get("/", headers={"if-none-match": seen.format(etag)})
    assert (response.status_code, response.headers["etag"]) == (status, etag)
    assert response.headers["cache-control"] == "no-cache"
    assert bool(response.content) == (status == 200)


def test_page_has_the_limits_of_the_service() -> None:
    html = read_page().html.decode()
    assert f"MAX_LABELS = {MAX_CANDIDATE_LABELS};" in html
    assert f"MAX_LABEL_CHARACTERS = {MAX_LABEL_CHARACTERS};" in html
    assert f"MAX_BYTES = {Settings().max_image_bytes:_};" in html
    assert f'placeholder="{DEFAULT_HYPOTHESIS_TEMPLATE}"' in html


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/health", 200), ("GET", "/labels", 200), ("POST", "/tag", 400), ("GET", "/nowhere", 404)],
)
def test_policy_of_other_answers_allows_no_resources(client: TestClient, method: str, path: str, status: int) -> None:
    response = client.request(method, path)
    assert response.status_code == status
    assert policy(dict(response.headers)) == {"default-src": ["'none'"], "frame-ancestors": ["'none'"]}
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-frame-options"] == "DENY"


def test_the_documentation_loads_swagger_ui_and_nothing_else(client: TestClient) -> None:
    response = client.get("/docs")
    directives = policy(dict(response.headers))
    swagger_ui = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/"
    inline = re.findall(r"<script>(.*?)</script>", response.text, re.DOTALL)
    assert len(inline) == 1
    assert set(directives["script-src"]) == {swagger_ui} | sources_of(f"<script>{inline[0]}</script>", "script")
    assert directives["connect-src"] == ["'self'"]
    elsewhere = re.findall(r'(?:src|href)="(https?:[^"]*)"', response.text)
    assert len(elsewhere) == 2
    assert all(url.startswith(swagger_ui) for url in elsewhere)
