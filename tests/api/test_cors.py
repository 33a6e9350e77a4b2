"""Pages of the origins that are named, and of no other, may read the answers."""

import pytest
from starlette.testclient import TestClient

from function.api import cors
from function.api.app import create_app
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
def test_origins(small_tagger: Tagger, setting: str, origin: str, allowed: str | None, path: str) -> None:
    with TestClient(create_app(small_tagger, Settings(cors_origins=setting))) as client:
        headers = client.get(path, headers={"Origin": origin}).headers
    assert headers.get("access-control-allow-origin") == allowed
    if allowed:
        assert headers["access-control-expose-headers"] == ", ".join(cors.EXPOSED_HEADERS)


def test_preflight(small_tagger: Tagger) -> None:
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}
    with TestClient(create_app(small_tagger, Settings(cors_origins=ORIGIN))) as client:
        answer = client.options("/tag", headers=asked)
        refused = client.options("/tag", headers=asked | {"Origin": OTHER})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, ORIGIN)
    assert refused.status_code == 400
