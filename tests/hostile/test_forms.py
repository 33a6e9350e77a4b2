"""Random forms, headers, queries and parameters get a JSON answer with a status below 500."""

import json
import string
from typing import Any
from urllib.parse import urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tools.fuzz import seeds

PICTURES = seeds.pictures()
TOKENS = st.text(string.ascii_letters + string.digits + "-_.", min_size=1, max_size=20)
FIELDS = st.sampled_from(["file", "image", "top_k", "min_score", "candidate_labels", "hypothesis_template"]) | TOKENS
# Header bytes that h11 and API Gateway pass on.
VALUES = st.binary(max_size=60).map(lambda value: value.translate(None, b"\r\n\0"))
CHARSETS = st.sampled_from(
    ["utf-8", "utf-7", "utf-16", "punycode", "idna", "undefined", "unicode_escape", "hex", "\xff"]
)
HEADER_NAMES = st.sampled_from(
    [b"content-encoding", b"transfer-encoding", b"x-request-id", b"expect", b"accept", b"if-none-match", b"range"]
)


@st.composite
def parts(draw: Any, boundary: bytes) -> bytes:
    """One part of a form. Most are valid; some have an unexpected header, name or line end."""
    name = draw(FIELDS.map(str.encode) | VALUES)
    file = b'; filename="%s"' % draw(VALUES) if draw(st.booleans()) else b""
    stray = b"%s: %s\r\n" % (draw(VALUES), draw(VALUES)) if draw(st.integers(0, 4)) == 0 else b""
    content = draw(
        st.sampled_from(PICTURES) | st.binary(max_size=200) | st.sampled_from([b"3", b"cat,dog", b"NaN", b""])
    )
    end = draw(st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b""]))
    return b'--%s\r\nContent-Disposition: form-data; name="%s"%s\r\n%s\r\n%s%s' % (
        boundary,
        name,
        file,
        stray,
        content,
        end,
    )


@st.composite
def forms(draw: Any) -> tuple[bytes, bytes]:
    """The content type and the body of a form, which is rarely valid."""
    boundary = draw(TOKENS).encode()
    body = b"".join(draw(st.lists(parts(boundary), max_size=5)))
    closing = draw(st.sampled_from([b"--%s--\r\n" % boundary, b"--%s--" % boundary, b"--%s" % boundary, b""]))
    charset = b"; charset=" + draw(CHARSETS).encode("latin-1") if draw(st.booleans()) else b""
    quoted = draw(st.sampled_from([boundary, b'"%s"' % boundary, b""]))
    return b"multipart/form-data; boundary=" + quoted + charset, body + closing


def assert_json_answer(response: Any) -> None:
    assert response.status_code == 200 or 400 <= response.status_code < 500
    assert isinstance(json.loads(response.content), list if response.status_code == 200 else dict)
    assert len(response.headers["x-request-id"]) == 32


@given(form=forms())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_form_gets_an_answer(client: TestClient, form: tuple[bytes, bytes]) -> None:
    content_type, body = form
    assert_json_answer(client.post("/tag", content=body, headers=[(b"content-type", content_type)]))


@given(
    content_type=VALUES,
    extra=st.lists(st.tuples(HEADER_NAMES, VALUES), max_size=4),
    body=st.sampled_from(PICTURES) | st.binary(max_size=100),
)
@settings(max_examples=100, deadline=None)
def test_any_headers_get_an_answer(
    client: TestClient, content_type: bytes, extra: list[tuple[bytes, bytes]], body: bytes
) -> None:
    assert_json_answer(client.post("/tag", content=body, headers=[(b"content-type", content_type), *extra]))


@given(query=st.dictionaries(FIELDS | st.text(max_size=20), st.text(max_size=40), max_size=4))
@settings(max_examples=100, deadline=None)
def test_any_query_gets_an_answer(client: TestClient, query: dict[str, str]) -> None:
    assert_json_answer(client.post(f"/tag?{urlencode(query, errors='surrogatepass')}", content=PICTURES[4]))


@given(
    parameters=st.dictionaries(
        FIELDS,
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=10,
        ),
        max_size=4,
    )
)
@settings(max_examples=100, deadline=None)
def test_any_parameters_get_an_answer(client: TestClient, parameters: dict[str, Any]) -> None:
    body = json.dumps({"inputs": "R0lGODlhAQABAAAAACw=", "parameters": parameters})
    assert_json_answer(client.post("/tag", content=body, headers={"content-type": "application/json"}))
