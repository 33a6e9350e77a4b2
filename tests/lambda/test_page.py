"""The web page through Lambda's handler: always as text, and 304 if the browser has it cached."""

from typing import Any

import pytest

from tools.make_events import samples


def ask(handler: Any, context: Any, **headers: str) -> dict[str, Any]:
    event = dict(samples()["rest-page"].event)
    event["multiValueHeaders"] = event["multiValueHeaders"] | {name: [value] for name, value in headers.items()}
    response: dict[str, Any] = handler(event, context)
    return response


@pytest.mark.parametrize("accept", ["*/*", "text/html,application/xhtml+xml,image/avif,*/*;q=0.8", "image/avif,*/*"])
def test_page_is_text_for_any_accept_header(handler: Any, context: Any, accept: str) -> None:
    response = ask(handler, context, Accept=accept)
    assert (response["statusCode"], response["isBase64Encoded"]) == (200, False)
    assert response["headers"]["content-type"] == "text/html; charset=utf-8"
    assert response["body"].startswith("<!doctype html>")
    assert response["body"].endswith("</html>\n")


def test_cached_page_gets_304(handler: Any, context: Any) -> None:
    etag = ask(handler, context)["headers"]["etag"]
    response = ask(handler, context, **{"If-None-Match": etag})
    assert (response["statusCode"], response["body"]) == (304, "")
    assert response["headers"]["etag"] == etag
