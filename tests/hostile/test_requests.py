"""Requests with megabytes of names, commas, brackets or parts are refused with little CPU time and memory."""

import base64
import json
from collections.abc import Callable
from functools import partial

import pytest

from tools.fuzz.sandbox import Sandbox
from tools.make_events import PICTURE, Request, multipart, rest_event

FORM = "multipart/form-data; boundary=pet-tagger-boundary"
FILE = ("file", "cat.jpg", PICTURE.read_bytes())
PART = b'--pet-tagger-boundary\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
MB = 1_000_000


def tagged(parameters: bytes) -> bytes:
    """Return a JSON body with the image and these parameters."""
    return b'{"inputs":"' + base64.b64encode(FILE[2]) + b'","parameters":' + parameters + b"}"


def names(count: int) -> bytes:
    return b"{" + b",".join(b'"%d":1' % i for i in range(count)) + b"}"


def post(body: bytes, content_type: str, path: str = "/tag") -> Request:
    return Request("POST", path, body, content_type)


json_to = partial(post, content_type="application/json")
form_to = partial(post, content_type=FORM)


def with_query(options: dict[str, str]) -> Request:
    return Request("POST", "/tag", FILE[2], "image/jpeg", options)


HOSTILE: dict[str, dict[str, Callable[[], Request]]] = {
    "400 malformed_body": {
        "480,000 names": lambda: json_to(names(480_000)),
        "480,000 names to embed": lambda: json_to(names(480_000), path="/embed"),
        "a name of a megabyte": lambda: json_to(b'{"' + b"\\u0000" * 900_000 + b'":1}'),
        "4,000,000 brackets": lambda: json_to(tagged(b"[" * 4 * MB)),
        "a number of 4,000,000 digits": lambda: json_to(tagged(b'{"top_k":' + b"9" * 4 * MB + b"}")),
        "half a character": lambda: json_to(tagged(b'{"candidate_labels":["\\ud800"]}')),
        "1,000,000 headers in a part": lambda: form_to(b"--pet-tagger-boundary\r\n" + b"a:\r\n" * MB + b"\r\n"),
        "60,000 parts": lambda: form_to(PART.replace(b'; filename="a"', b"") * 60_000),
        "50,000 files": lambda: form_to(PART * 50_000),
        "a part's header of 4 MB": lambda: form_to(PART.replace(b'"a"', b'"' + b";" * 4 * MB + b'"')),
        "200,000 incomplete boundaries": lambda: form_to(PART + b"\r\n--pet-tagger-boundar" * 200_000),
        "a boundary of 60,000 letters": lambda: post(b"x", f"{FORM}{'x' * 60_000}"),
        "60,000 quotes in the content type": lambda: post(b"x", f'{FORM}; "{";" * 60_000}'),
    },
    "400 missing_image": {"4,000,000 line ends": lambda: form_to(b"\r\n" * 2 * MB)},
    "404 not_found": {"a path of 5 MB": lambda: Request("POST", "/" + "tag/" * 1_250_000)},
    "415 unsupported_media_type": {
        "base64 with a space after each letter": lambda: json_to(b'{"inputs":"' + b"a " * 2_900_000 + b'"}'),
    },
    "422 invalid_option": {
        "400,000 options": lambda: json_to(tagged(names(400_000))),
        "an option's name of a megabyte": lambda: json_to(tagged(b'{"' + b"x" * MB + b'":1}')),
        "2,000,000 labels that are numbers": lambda: json_to(
            tagged(b'{"candidate_labels":[' + b"1," * 2 * MB + b"1]}")
        ),
        "2,000,000 texts that are numbers": lambda: json_to(b'{"texts":[' + b"1," * 2 * MB + b"1]}", path="/embed"),
        "4,000,000 commas": lambda: json_to(tagged(b'{"candidate_labels":"' + b"," * 4 * MB + b'"}')),
        "a form's 250,000 commas": lambda: form_to(multipart(FILE, ("candidate_labels", None, b"," * 250_000))),
        "not a number": lambda: json_to(tagged(b'{"min_score":NaN}')),
        "infinite": lambda: json_to(tagged(b'{"top_k":Infinity,"min_score":-Infinity}')),
        "30,000 options in the query": lambda: with_query({f"k{i}": "1" for i in range(30_000)}),
        "101 options in the query": lambda: with_query({f"k{i}": "1" for i in range(101)}),
        "a query of 3 MB": lambda: with_query({"candidate_labels": "x" * 3 * MB}),
    },
}


@pytest.mark.parametrize(("answer", "name"), [(answer, name) for answer, group in HOSTILE.items() for name in group])
def test_hostile_request_is_refused_cheaply(event_sandbox: Sandbox, answer: str, name: str) -> None:
    outcome = event_sandbox.run(json.dumps(rest_event(HOSTILE[answer][name]())).encode())
    assert outcome.failure == ""
    assert outcome.answer == answer
    assert outcome.growth_mb < 300
