"""The page through Lambda's handler: text whatever a browser says it accepts, and nothing when it has it already."""

from typing import Any

import pytest

from tools.make_events import samples


def ask(handler: Any, context: Any, **headers: str) -> dict[str, Any]:
    event = dict(samples()["rest-page"].event)
    event["multiValueHeaders"] = event["multiValueHeaders"] | {name: [value] for name, value in headers.items()}
    response: dict[str, Any] = handler(event, context)
    return response


@pytest.mark.parametrize("accept", ["*/*", "text/html,application/xhtml+xml,image/avif,*/*;q=0.8", "image/avif,*/*"])
def test_comes_as_text(handler: Any, context: Any, accept: str) -> None:
    response = ask(handler, context, Accept=accept)
    assert (response["statusCode"], response["isBase64Encoded"]) == (200, False)
    assert response["headers"]["content-type"] == "text/html; charset=utf-8"
    assert response["body"].startswith("<!doctype html>")
    assert response["body"].endswith("</html>\n")


def test_is_not_sent_again(handler: Any, context: Any) -> None:
    etag = ask(handler, context)["headers"]["etag"]
    response = ask(handler, context, **{"If-None-Match": etag})
    assert (response["statusCode"], response["body"]) == (304, "")
    assert response["headers"]["etag"] == etag
