"""CORS: pages of allowed origins may read the answers, and other pages may not."""

import pytest
from starlette.testclient import TestClient

from function.api.app import EXPOSED_HEADERS, create_app
from function.settings import Settings
from function.tagging.tagger import Tagger

ORIGIN, OTHER = "https://pets.example", "https://elsewhere.example"


@pytest.mark.parametrize(
    ("setting", "origin", "allowed"),
    [
        ("", ORIGIN, None),
        (ORIGIN, ORIGIN, ORIGIN),
        (f"https://a.example, {ORIGIN}", ORIGIN, ORIGIN),
        (ORIGIN, OTHER, None),
        ("*", OTHER, "*"),
    ],
)
@pytest.mark.parametrize("path", ["/health", "/nowhere"])
def test_only_allowed_origins_get_cors_headers(
    small_tagger: Tagger, setting: str, origin: str, allowed: str | None, path: str
) -> None:
    with TestClient(create_app(small_tagger, Settings(cors_origins=setting))) as client:
        headers = client.get(path, headers={"Origin": origin}).headers
    assert headers.get("access-control-allow-origin") == allowed
    if allowed:
        assert headers["access-control-expose-headers"] == ", ".join(EXPOSED_HEADERS)


def test_preflight_is_allowed_for_allowed_origins_only(small_tagger: Tagger) -> None:
    headers = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-api-key",
    }
    with TestClient(create_app(small_tagger, Settings(cors_origins=ORIGIN))) as client:
        answer = client.options("/tag", headers=headers)
        refused = client.options("/tag", headers=headers | {"Origin": OTHER})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, ORIGIN)
    assert refused.status_code == 400
