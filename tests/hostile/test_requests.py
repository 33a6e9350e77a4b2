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
HOSTILE: dict[str, tuple[Callable[[], Request], str]] = {
    "480,000 names": (lambda: json_to(names(480_000)), "400 malformed_body"),
    "480,000 names to embed": (lambda: json_to(names(480_000), path="/embed"), "400 malformed_body"),
    "400,000 options": (lambda: json_to(tagged(names(400_000))), "422 invalid_option"),
    "2,000,000 labels that are numbers": (
        lambda: json_to(tagged(b'{"candidate_labels":[' + b"1," * 2 * MB + b"1]}")),
        "422 invalid_option",
    ),
    "4,000,000 commas": (
        lambda: json_to(tagged(b'{"candidate_labels":"' + b"," * 4 * MB + b'"}')),
        "422 invalid_option",
    ),
    "2,000,000 texts that are numbers": (
        lambda: json_to(b'{"texts":[' + b"1," * 2 * MB + b"1]}", path="/embed"),
        "422 invalid_option",
    ),
    "a name of a megabyte": (lambda: json_to(b'{"' + b"\\u0000" * 900_000 + b'":1}'), "400 malformed_body"),
    "an option's name of a megabyte": (lambda: json_to(tagged(b'{"' + b"x" * MB + b'":1}')), "422 invalid_option"),
    "4,000,000 brackets": (lambda: json_to(tagged(b"[" * 4 * MB)), "400 malformed_body"),
    "a number of 4,000,000 digits": (
        lambda: json_to(tagged(b'{"top_k":' + b"9" * 4 * MB + b"}")),
        "400 malformed_body",
    ),
    "not a number": (lambda: json_to(tagged(b'{"min_score":NaN}')), "422 invalid_option"),
    "infinite": (lambda: json_to(tagged(b'{"top_k":Infinity,"min_score":-Infinity}')), "422 invalid_option"),
    "half a character": (lambda: json_to(tagged(b'{"candidate_labels":["\\ud800"]}')), "400 malformed_body"),
    "base64 with a space after each letter": (
        lambda: json_to(b'{"inputs":"' + b"a " * 2_900_000 + b'"}'),
        "415 unsupported_media_type",
    ),
    "30,000 options in the query": (
        lambda: Request("POST", "/tag", FILE[2], "image/jpeg", {f"k{i}": "1" for i in range(30_000)}),
        "422 invalid_option",
    ),
    "101 options in the query": (
        lambda: Request("POST", "/tag", FILE[2], "image/jpeg", {f"k{i}": "1" for i in range(101)}),
        "422 invalid_option",
    ),
    "a query of 3 MB": (
        lambda: Request("POST", "/tag", FILE[2], "image/jpeg", {"candidate_labels": "x" * 3 * MB}),
        "422 invalid_option",
    ),
    "a path of 5 MB": (lambda: Request("POST", "/" + "tag/" * 1_250_000), "404 not_found"),
    "1,000,000 headers in a part": (
        lambda: form_to(b"--pet-tagger-boundary\r\n" + b"a:\r\n" * MB + b"\r\n"),
        "400 malformed_body",
    ),
    "60,000 parts": (lambda: form_to(PART.replace(b'; filename="a"', b"") * 60_000), "400 malformed_body"),
    "50,000 files": (lambda: form_to(PART * 50_000), "400 malformed_body"),
    "a part's header of 4 MB": (
        lambda: form_to(PART.replace(b'"a"', b'"' + b";" * 4 * MB + b'"')),
        "400 malformed_body",
    ),
    "200,000 incomplete boundaries": (
        lambda: form_to(PART + b"\r\n--pet-tagger-boundar" * 200_000),
        "400 malformed_body",
    ),
    "4,000,000 line ends": (lambda: form_to(b"\r\n" * 2 * MB), "400 missing_image"),
    "a form's 250,000 commas": (
        lambda: form_to(multipart(FILE, ("candidate_labels", None, b"," * 250_000))),
        "422 invalid_option",
    ),
    "a boundary of 60,000 letters": (lambda: post(b"x", f"{FORM}{'x' * 60_000}"), "400 malformed_body"),
    "60,000 quotes in the content type": (lambda: post(b"x", f'{FORM}; "{";" * 60_000}'), "400 malformed_body"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_request_is_refused_cheaply(event_sandbox: Sandbox, name: str) -> None:
    make, answer = HOSTILE[name]
    outcome = event_sandbox.run(json.dumps(rest_event(make())).encode())
    assert outcome.failure == ""
    assert outcome.answer == answer
    assert outcome.growth_mb < 300


def test_100_labels_are_accepted_in_every_kind_of_body(event_sandbox: Sandbox) -> None:
    labels = [f"label number {i}" for i in range(100)]
    requests = [
        json_to(tagged(json.dumps({"candidate_labels": labels}).encode())),
        json_to(tagged(json.dumps({"candidate_labels": ",".join(labels)}).encode())),
        form_to(multipart(FILE, ("candidate_labels", None, ",".join(labels).encode()))),
        Request("POST", "/tag", FILE[2], "image/jpeg", {"candidate_labels": ",".join(labels)}),
    ]
    for request in requests:
        assert event_sandbox.run(json.dumps(rest_event(request)).encode()).answer == "200"
