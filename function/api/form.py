"""Multipart forms (RFC 7578), and the names of options as forms and query strings have them.

The form parser is our own because the body is in memory already, and because real clients send forms that strict
parsers refuse: a file without a file name, lines that end in LF alone, text before the first boundary.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from python_multipart.multipart import parse_options_header

from function.api.json_body import decode_base64
from function.errors import MalformedBody, MissingImage, TooManyImages
from function.tagging.options import MAX_OPTIONS

IMAGE_FIELDS = ("file", "image")
# RFC 2046 limits a boundary to 70 characters.
_MAX_CONTENT_TYPE_CHARACTERS = 1000
_MAX_PART_HEADER_BYTES = 4096
_MAX_PARTS = MAX_OPTIONS + 10
# After a boundary: two hyphens if it is the last one, else the end of the line, which is the start of the next part.
_REST_OF_BOUNDARY_LINE = rb"(?:--|[ \t]*(?P<cr>\r?)(?=\n)|[ \t]*\Z)"
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
# Parameters that browsers, frameworks, analytics and advertising add to requests. jQuery adds `_`.
_IGNORED = re.compile(
    r"_.*|utm_.*|fbclid|gclid|gclsrc|gbraid|wbraid|dclid|msclkid|yclid|ttclid|twclid|igshid|igsh|li_fat_id|mc_[ce]id"
    r"|mkt_tok|srsltid|epik|rdt_cid|sccid|hsctatracking",
    re.IGNORECASE | re.DOTALL,
)
# PHP, jQuery, axios and qs send the items of a list as `name[]` or `name[0]`.
_INDEX = re.compile(r"\[\d{0,4}\]$")


@dataclass(frozen=True)
class Part:
    """One field of a form. A part with a file name is a file."""

    name: str
    is_file: bool
    content: bytes


def parse_form(body: bytes, content_type: str) -> list[Part]:
    """Return the parts of a multipart body.

    Raises MalformedBody if the body or its Content-Type header is not valid.
    """
    raw_parts = list(islice(_raw_parts(body, _boundary(content_type)), _MAX_PARTS + 1))
    if len(raw_parts) > _MAX_PARTS:
        raise _malformed(f"it has more than {_MAX_PARTS} parts")
    return [_part(raw) for raw in raw_parts]


def image_in(parts: list[Part]) -> bytes:
    """Return the content of the one image field that is not empty. Raises MissingImage or TooManyImages."""
    images = [part.content for part in parts if part.name in IMAGE_FIELDS]
    if not images:
        names = ", ".join(sorted({repr(part.name[:50]) for part in parts})) or "no fields"
        raise MissingImage(f"The form has no field named 'file' or 'image'. Its fields: {names}.")
    images = [content for content in images if content] or images[:1]  # browsers send empty file inputs too
    if len(images) > 1:
        raise TooManyImages("The form has several images. Send one image per request.")
    return images[0]


def fields_in(parts: list[Part]) -> list[tuple[str, str]]:
    """Return the names and texts of the fields that are neither files nor images."""
    return [(part.name, _text(part.content)) for part in parts if not part.is_file and part.name not in IMAGE_FIELDS]


def grouped(items: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return names with their values: one text, or a list where a name is repeated.

    Empty values are left out, because forms send an empty value for a blank field.
    """
    options: dict[str, Any] = {}
    for name, value in items:
        if value:
            options.setdefault(without_index(name), []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in options.items()}


def without_index(name: str) -> str:
    """Return the name of a field without `[]` or `[0]` at its end."""
    return _INDEX.sub("", name)


def without_ignored(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options without tracking parameters and names that begin with an underscore."""
    return {name: value for name, value in options.items() if not _IGNORED.fullmatch(name)}


def _boundary(content_type: str) -> bytes:
    parameters = parse_options_header(content_type)[1] if len(content_type) <= _MAX_CONTENT_TYPE_CHARACTERS else {}
    if boundary := parameters.get(b"boundary"):
        return boundary
    raise _malformed("its Content-Type header has no valid boundary. Most HTTP clients set that header by themselves")


def _raw_parts(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """Yield the headers and content of each part; text before the first and after the last boundary is ignored."""
    if not body or body.isspace():  # how some clients send a form without fields
        return
    text = b"\n" + body
    boundary_lines = re.finditer(rb"\n--" + re.escape(boundary) + _REST_OF_BOUNDARY_LINE, text)
    opening = line = next(boundary_lines, None)
    if not opening:
        raise _malformed("its body does not contain the boundary of its Content-Type header")
    while line and line["cr"] is not None:
        following = next(boundary_lines, None)
        if following:
            end = following.start()
            yield text[line.end() : end - 1 if opening["cr"] and text[end - 1 : end] == b"\r" else end]
        elif line is opening or line.end() != len(text) - 1:
            raise _malformed("its closing boundary is missing, so it was cut short")
        line = following


def _part(raw: bytes) -> Part:
    """Return the part whose bytes, from the line feed before its headers on, are `raw`."""
    blank_line = _BLANK_LINE.search(raw, 0, _MAX_PART_HEADER_BYTES)
    if not blank_line:
        raise _malformed("a part has no valid headers")
    lines = re.sub(rb"\r?\n[ \t]+", b" ", raw[: blank_line.start()]).split(b"\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    disposition = headers.get(b"content-disposition", b"")
    parameters = parse_options_header(disposition)[1]
    if b"name" not in parameters:
        raise _malformed("a part has no name in its Content-Disposition header")
    is_file = b"filename" in parameters or b"filename*" in disposition.lower()
    content = raw[blank_line.end() :]
    if headers.get(b"content-transfer-encoding", b"").lower() == b"base64":
        content = decode_base64(content.decode("latin-1"))
    return Part(without_index(_text(parameters[b"name"])), is_file, content)


def _text(raw: bytes) -> str:
    """Return `raw` as text, whatever charset the form names: UTF-8, or Latin-1 if it is not valid UTF-8."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _malformed(reason: str) -> MalformedBody:
    return MalformedBody(f"The multipart form is not valid: {reason}.")
