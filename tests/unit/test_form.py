"""The form parser returns the encoded contents, for any content, boundary and line ends."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.api.form import Part, parse_form
from function.errors import MalformedBody

BOUNDARIES = st.text(string.ascii_letters + string.digits + "'()+_,-./:=?", min_size=1, max_size=70)


@given(
    contents=st.lists(st.binary(max_size=50) | st.sampled_from([b"\r", b"\n", b"\r\n", b"--", b"\r\n--x"]), max_size=5),
    boundary=BOUNDARIES,
    newline=st.sampled_from([b"\r\n", b"\n"]),
    preamble=st.sampled_from([b"", b"text\r\n", b"\n"]),
)
def test_contents_survive(contents: list[bytes], boundary: str, newline: bytes, preamble: bytes) -> None:
    delimiter = b"--" + boundary.encode()
    contents = [content for content in contents if delimiter not in newline + content]
    body = preamble + b"".join(
        delimiter + newline + b'Content-Disposition: form-data; name="%d"' % i + newline * 2 + content + newline
        for i, content in enumerate(contents)
    )
    parts = parse_form(body + delimiter + b"--" + newline, f'multipart/form-data; boundary="{boundary}"')
    assert parts == [Part(str(i), is_file=False, content=content) for i, content in enumerate(contents)]


@given(body=st.binary(max_size=200))
def test_other_bodies_are_malformed(body: bytes) -> None:
    if body and not body.isspace() and b"--x" not in body:
        with pytest.raises(MalformedBody):
            parse_form(body, "multipart/form-data; boundary=x")
