"""The web page through Lambda's handler is always text."""

from typing import Any

import pytest

from tools.make_events import samples


@pytest.mark.parametrize("accept", ["*/*", "text/html,application/xhtml+xml,image/avif,*/*;q=0.8", "image/avif,*/*"])
def test_page_is_text_for_any_accept_header(handler: Any, context: Any, accept: str) -> None:
    event = dict(samples()["rest-page"].event)
    response = handler(event | {"multiValueHeaders": event["multiValueHeaders"] | {"Accept": [accept]}}, context)
    assert (response["statusCode"], response["isBase64Encoded"]) == (200, False)
    assert response["headers"]["content-type"] == "text/html; charset=utf-8"
    assert response["body"].startswith("<!doctype html>")
    assert response["body"].endswith("</html>\n")
