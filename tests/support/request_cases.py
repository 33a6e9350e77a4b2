"""Requests as real clients send them, with their answers. tests/api sends them over HTTP, tests/lambda as events."""

import base64
import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from tools.make_events import PICTURE, Request


def encoded(data: bytes) -> str:
    """Return `data` in base64."""
    return base64.b64encode(data).decode()


IMAGE = PICTURE.read_bytes()
B64 = encoded(IMAGE)
LABELS = ("a cat", "a dog")
JSON = "application/json"
FORM = "multipart/form-data; boundary=BOUND"
RAW = "image/jpeg"


@dataclass(frozen=True)
class Case:
    """One request and its answer: the image's tags, for `labels` if there are any, or an error."""

    request: Request
    labels: tuple[str, ...] = ()
    status: int = 200
    code: str = ""
    detail: str = ""


def malformed(request: Request, detail: str = "") -> Case:
    return Case(request, status=400, code="malformed_body", detail=detail)


def unsupported(request: Request, detail: str = "") -> Case:
    return Case(request, status=415, code="unsupported_media_type", detail=detail)


def invalid_option(request: Request, detail: str = "") -> Case:
    return Case(request, status=422, code="invalid_option", detail=detail)


def raw(content_type: str = RAW, body: bytes = IMAGE, query: Mapping[str, str | list[str]] | None = None) -> Request:
    return Request("POST", "/tag", body, content_type, query or {})


def compressed(encoding: str, body: bytes, content_type: str = RAW) -> Request:
    return Request("POST", "/tag", body, content_type, content_encoding=encoding)


def as_json(body: object, content_type: str = JSON, prefix: bytes = b"") -> Request:
    return raw(content_type, prefix + json.dumps(body).encode())


def inputs(text: str) -> Request:
    return as_json({"inputs": text})


def own_labels(labels: object) -> Request:
    return as_json({"inputs": B64, "parameters": {"candidate_labels": labels}})


def part(headers: str, content: bytes = IMAGE, newline: str = "\r\n") -> bytes:
    return f"--BOUND{newline}{headers}{newline}{newline}".encode() + content + newline.encode()


FILE_HEADERS = 'Content-Disposition: form-data; name="file"; filename="cat.jpg"\r\nContent-Type: image/jpeg'
FILE = part(FILE_HEADERS)
END = b"--BOUND--\r\n"


def form(*parts: bytes, content_type: str = FORM) -> Request:
    return raw(content_type, b"".join(parts) + END)


def file(headers: str, content: bytes = IMAGE) -> Request:
    return form(part(headers, content))


def field(name: str, value: str) -> bytes:
    return part(f'Content-Disposition: form-data; name="{name}"', value.encode())


_URL_SAFE = base64.urlsafe_b64encode(IMAGE).decode()
_DISPOSITION = "Content-Disposition: form-data; name"

BODIES = {
    "Hugging Face's JavaScript SDK": Case(
        as_json({"inputs": {"image": B64}, "parameters": {"candidate_labels": [*LABELS]}}), LABELS
    ),
    "Hugging Face's JavaScript SDK 2": Case(
        as_json(
            {"inputs": {"image": B64}, "parameters": {"candidate_labels": [*LABELS]}, "options": {"use_cache": False}}
        ),
        LABELS,
    ),
    "huggingface_hub 0.24": Case(as_json({"image": B64, "parameters": {"candidate_labels": ",".join(LABELS)}}), LABELS),
    "older options": Case(as_json({"inputs": B64, "options": {"wait_for_model": True}})),
    "name of a model": Case(as_json({"inputs": B64, "model": "openai/clip-vit-base-patch32", "parameters": None})),
    "two images": malformed(as_json({"inputs": B64, "image": B64}), "image"),
    "byte order mark": Case(as_json({"inputs": B64}, prefix=b"\xef\xbb\xbf")),
    "UTF-16 with a byte order mark": Case(raw(JSON, json.dumps({"inputs": B64}).encode("utf-16"))),
    "UTF-32": Case(raw(JSON, json.dumps({"inputs": B64}).encode("utf-32-le"))),
    "broken UTF-16": malformed(raw(JSON, b"\xff\xfe{"), "Invalid JSON"),
    "JSON with a charset": Case(as_json({"inputs": B64}, "application/json; charset=UTF-8")),
    "text/json": Case(as_json({"inputs": B64}, "text/json")),
    "a JSON vendor type": Case(as_json({"inputs": B64}, "application/vnd.api+json")),
    "JSON without a type": Case(as_json({"inputs": B64}, "")),
    "JSON of curl -d": Case(as_json({"inputs": B64}, "application/x-www-form-urlencoded")),
    "JSON of fetch": Case(as_json({"inputs": B64}, "text/plain;charset=UTF-8", prefix=b"\n ")),
    "base64, URL-safe": Case(inputs(_URL_SAFE)),
    "base64, URL-safe, unpadded": Case(inputs(_URL_SAFE.rstrip("="))),
    "base64, unpadded": Case(inputs(B64.rstrip("="))),
    "base64 in lines": Case(inputs(base64.encodebytes(IMAGE).decode().replace("\n", "\r\n"))),
    "base64 with one character too many": malformed(inputs(B64.rstrip("=") + "A" * ((1 - len(B64.rstrip("="))) % 4))),
    "URL of an image": malformed(inputs("HTTPS://example.com/cat.jpg"), "The service fetches no URLs"),
    "data: URL": Case(inputs(f"data:image/jpeg;base64,{B64}")),
    "DATA: in capitals": Case(inputs(f"DATA:IMAGE/JPEG;BASE64,{B64}")),
    "data: URL with a parameter": Case(inputs(f" data:image/jpeg;name=cat.jpg;base64,{_URL_SAFE.rstrip('=')}")),
    "data: URL, percent-encoded": Case(inputs(f"data:image/jpeg;base64,{quote(B64, safe='')}")),
    "HTTPS: in capitals": malformed(inputs("HTTPS://example.com/cat.jpg"), "fetches no URLs"),
    "other base64": malformed(inputs("*"), "not valid base64"),
    "nothing": malformed(raw(JSON, b""), "JSON"),
    "JSON, cut short": malformed(raw(JSON, b"{"), "JSON"),
    "list": malformed(raw(JSON, b"[]"), "JSON"),
    "unknown field": malformed(raw(JSON, b'{"picture": "abc"}'), "inputs"),
    "two inputs": malformed(raw(JSON, b'{"inputs": {"image": "YWJj", "mask": "YWJj"}}'), "inputs"),
    "number as inputs": malformed(raw(JSON, b'{"inputs": 1}'), "inputs"),
    "list of parameters": malformed(raw(JSON, b'{"inputs": "", "parameters": []}'), "parameters"),
    "S3: in capitals": Case(inputs("S3://bucket/cat.jpg"), status=501, code="source_not_supported"),
}

FORMS = {
    "file without a file name": Case(file(f'{_DISPOSITION}="file"\r\nContent-Type: image/jpeg')),
    "image without a file name or a type": Case(file(f'{_DISPOSITION}="image"')),
    "filename* only": Case(file(f"{_DISPOSITION}=\"file\"; filename*=UTF-8''K%C3%A4tzchen.jpg")),
    "filename* and filename": Case(file(f'{_DISPOSITION}="file"; filename="a.jpg"; filename*=UTF-8\'\'%C3%A4.jpg')),
    "file name in UTF-8": Case(file(f'{_DISPOSITION}="file"; filename="Kätzchen 猫.jpg"')),
    "file name with quotes and semicolons": Case(file(f'{_DISPOSITION}="file"; filename="a;b\\"c\\".jpg"')),
    "unquoted name": Case(file(f"{_DISPOSITION}=file; filename=cat.jpg")),
    "header names in lower case": Case(file('content-disposition: form-data;name="file";filename="cat.jpg"')),
    "folded header": Case(file('Content-Disposition: form-data;\r\n name="file";\r\n filename="cat.jpg"')),
    "file[]": Case(file(f'{_DISPOSITION}="file[]"; filename="cat.jpg"')),
    "part in base64": Case(file(f"{FILE_HEADERS}\r\nContent-Transfer-Encoding: base64", base64.encodebytes(IMAGE))),
    "part with binary encoding": Case(file(f"{FILE_HEADERS}\r\nContent-Transfer-Encoding: binary")),
    "LF only": Case(raw(FORM, part(FILE_HEADERS.replace("\r", ""), newline="\n") + b"--BOUND--\n")),
    "LF in headers only": Case(
        raw(FORM, b"--BOUND\r\n" + FILE_HEADERS.replace("\r", "").encode() + b"\n\n" + IMAGE + b"\r\n" + END)
    ),
    "preamble": Case(form(b"This is a multi-part message in MIME format.\r\n", FILE)),
    "preamble of line ends": Case(form(b"\r\n\r\n", FILE)),
    "epilogue": Case(raw(FORM, FILE + END + b"This is the end.\r\n--BOUND\r\nnot a part")),
    "no line end at the end": Case(raw(FORM, FILE + END.rstrip())),
    "closing boundary without hyphens": Case(raw(FORM, FILE + b"--BOUND\r\n")),
    "spaces after the boundary": Case(raw(FORM, FILE.replace(b"--BOUND\r\n", b"--BOUND \t\r\n") + END)),
    "quoted boundary": Case(form(FILE, content_type='Multipart/Form-Data; charset=utf-8; BOUNDARY="BOUND"')),
    "content with a similar boundary": Case(form(field("_note", "\r\n--BOUNDARY\r\n--BOUN\r\n"), FILE)),
    "hidden fields of frameworks": Case(form(field("_charset_", "UTF-8"), FILE, field("utm_source", "mail"))),
    "repeated labels fields": Case(form(*(field("candidate_labels", label) for label in LABELS), FILE), LABELS),
    "candidate_labels[]": Case(form(FILE, *(field("candidate_labels[]", label) for label in LABELS)), LABELS),
    "candidate_labels[0]": Case(
        form(FILE, *(field(f"candidate_labels[{i}]", label) for i, label in enumerate(LABELS))), LABELS
    ),
    "JSON list of labels": Case(form(FILE, field("candidate_labels", json.dumps(LABELS))), LABELS),
    "label in Latin-1": Case(
        form(FILE, part(f'{_DISPOSITION}="candidate_labels"', "Kätzchen,a dog".encode("latin-1"))),
        ("Kätzchen", "a dog"),
    ),
    "no closing boundary": malformed(raw(FORM, FILE), "cut short"),
    "another boundary": malformed(raw("multipart/form-data; boundary=OTHER", FILE + END), "boundary"),
    "no boundary in the header": malformed(raw("multipart/form-data", FILE + END), "Most HTTP clients"),
    "part without headers": malformed(form(b"--BOUND\r\n\r\nabc\r\n")),
    "empty body": Case(raw(FORM, b""), status=400, code="missing_image"),
    "no part": Case(form(), status=400, code="missing_image"),
    "broken base64 in a part": malformed(file(f"{FILE_HEADERS}\r\nContent-Transfer-Encoding: base64", b"*")),
}

TYPES = {
    name or "no type": Case(raw(name))
    for name in (
        "",
        "binary/octet-stream",
        "application/octet-stream; charset=binary",
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=UTF-8",
        "application/binary",
        "application/pdf",
        "image",
        "image/jpg",
        "IMAGE/PJPEG",
        "image/*",
        "*/*",
    )
} | {
    "urlencoded text": unsupported(raw("application/x-www-form-urlencoded", b"inputs=abc&top_k=3")),
    "UTF-8 text of an image": unsupported(raw("image/jpg", IMAGE.decode(errors="replace").encode()), "arrived as text"),
    "Latin-1 text of an image": unsupported(raw("image/jpg", IMAGE.decode("latin-1").encode()), "arrived as text"),
    "form that arrived as text": unsupported(
        file(FILE_HEADERS, IMAGE.decode(errors="replace").encode()),
        "multipart/form-data, application/octet-stream, image/jpeg",
    ),
}

ENCODINGS = {
    "gzip": Case(compressed("gzip", gzip.compress(IMAGE))),
    "GZIP": Case(compressed("GZIP", gzip.compress(IMAGE))),
    "x-gzip": Case(compressed("x-gzip", gzip.compress(IMAGE))),
    "deflate": Case(compressed("deflate", zlib.compress(IMAGE))),
    "deflate without zlib header": Case(compressed("deflate", zlib.compress(IMAGE)[2:-4])),
    "identity": Case(compressed("identity", IMAGE)),
    "gzip of a form": Case(compressed("gzip", gzip.compress(FILE + END), FORM)),
    "gzip of JSON": Case(compressed("gzip", gzip.compress(json.dumps({"inputs": B64}).encode()), JSON)),
    **{
        encoding: unsupported(compressed(encoding, IMAGE), f"{encoding!r} is not supported")
        for encoding in ("br", "zstd", "compress", "gzip, br", "gzip, gzip")
    },
    "not gzip": malformed(compressed("gzip", IMAGE), "not valid gzip"),
    "not deflate": malformed(compressed("deflate", IMAGE), "not valid deflate"),
    "gzip with a wrong checksum": malformed(compressed("gzip", gzip.compress(IMAGE)[:-8] + bytes(8))),
    "gzip, cut short": malformed(compressed("gzip", gzip.compress(IMAGE)[:-100])),
    "gzip bomb": Case(compressed("gzip", gzip.compress(bytes(50_000_000))), status=413, code="too_many_bytes"),
    "gzip of nothing": Case(compressed("gzip", gzip.compress(b"")), status=400, code="missing_image"),
}


def _query(**query: str | list[str]) -> Request:
    return raw(query=query)


OPTIONS = {
    "JSON list in the query": Case(_query(candidate_labels='["a cat","a dog"]'), LABELS),
    "JSON list with commas in labels": Case(
        _query(candidate_labels=' ["a cat, asleep", "a dog"] '), ("a cat, asleep", "a dog")
    ),
    "JSON list as text in JSON": Case(own_labels('["a cat","a dog"]'), LABELS),
    "repeated in the query": Case(_query(candidate_labels=["a cat", "a dog"]), LABELS),
    "candidate_labels[] in the query": Case(raw(query={"candidate_labels[]": ["a cat", "a dog"]}), LABELS),
    "candidate_labels[] once": Case(raw(query={"candidate_labels[]": "a cat,a dog"}), LABELS),
    "candidate_labels[1] in the query": Case(
        raw(query={"candidate_labels[0]": "a cat", "candidate_labels[1]": "a dog"}), LABELS
    ),
    "trailing comma": Case(_query(candidate_labels="a cat, a dog,"), LABELS),
    "trailing commas in JSON": Case(own_labels("a cat, a dog, , "), LABELS),
    "the same label twice": Case(_query(candidate_labels="a cat,a dog,a cat"), LABELS),
    "the same label twice in a list": Case(own_labels(["a cat", " a dog", "a cat "]), LABELS),
    "label in brackets": Case(_query(candidate_labels="[a] cat,a dog"), ("[a] cat", "a dog")),
    "invalid JSON list": invalid_option(_query(candidate_labels="[a cat, a dog]"), "not valid JSON"),
    "JSON list of numbers": invalid_option(_query(candidate_labels="[1,2]")),
    "empty JSON list": invalid_option(_query(candidate_labels="[]")),
    "empty label in between": invalid_option(_query(candidate_labels="a cat,,a dog")),
    "only commas": invalid_option(_query(candidate_labels=",,")),
    "tracking parameters": Case(
        _query(utm_source="x", UTM_Campaign="y", fbclid="z", gclid="1", msclkid="2", mc_eid="3", _="4", _ga="5")
    ),
    "tracking in JSON": Case(as_json({"inputs": B64, "parameters": {"_internal": 1, "utm_id": "x"}})),
    "unknown option": invalid_option(_query(topk="3"), "topk: unknown option"),
    "unknown option like a tracking parameter": invalid_option(_query(utm="3"), "utm"),
}

CASES = {
    f"{group}: {name}": case
    for group, cases in {
        "body": BODIES,
        "form": FORMS,
        "type": TYPES,
        "encoding": ENCODINGS,
        "option": OPTIONS,
    }.items()
    for name, case in cases.items()
}
