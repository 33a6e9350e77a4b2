"""Tests of scripts/smoke-test.sh against a server of this test, with a stand-in for the AWS CLI."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.fake_aws import FakeAws, outputs
from tests.support.http_server import Answer, Request, http_server
from tests.support.programs import ROOT

PHOTO = (ROOT / "events/cat.jpg").read_bytes()
DRAWING = (ROOT / "tests/pictures/cat/hand-made-1.png").read_bytes()
CAT = (200, [{"label": "cat", "score": 0.9, "group": "pet"}])
FORBIDDEN = (403, {"message": "Forbidden"})


@contextmanager
def api(
    *answers: tuple[int, Any], model: str = "openai/clip-vit-base-patch32"
) -> Iterator[tuple[str, list[AWSRequest]]]:
    """Serve `answers` of `model` in turn; yield the URL and the requests that arrived."""
    requests: list[AWSRequest] = []

    def answer(request: Request) -> Answer:
        url = f"http://{request.headers['Host']}{request.path}"
        requests.append(AWSRequest("POST", url, request.headers, request.body))
        status, body = answers[min(len(requests), len(answers)) - 1]
        return status, json.dumps(body).encode(), {"X-Model": model}

    with http_server(answer) as url:
        yield f"{url}/v1/tag", requests


def smoke_test(folder: Path, url: str, **stack_outputs: str) -> tuple[int, str]:
    """Run the script; return its exit code and what it printed."""
    keys = "AWS_ACCESS_KEY_ID=AKID\nAWS_SECRET_ACCESS_KEY=secret\nAWS_SESSION_TOKEN=token"
    answers = {
        "cloudformation describe-stacks": outputs(TagUrl=url, **stack_outputs),
        "apigateway get-api-key": {"value": "the-key"},
        "configure export-credentials": keys,
    }
    result = FakeAws(folder, answers).run(
        "scripts/smoke-test.sh", "pets", SMOKE_TEST_PAUSE="0.1", SMOKE_TEST_SECONDS="2"
    )
    return result.returncode, result.stdout + result.stderr


def test_repeats_while_a_new_key_is_refused_and_the_function_starts(tmp_path: Path) -> None:
    with api(FORBIDDEN, (503, {}), CAT) as (url, requests):
        code, printed = smoke_test(tmp_path, url, ApiKeyId="id")
    assert (code, len(requests)) == (0, 3), printed
    assert '"cat"' in printed
    assert requests[-1].headers["x-api-key"] == "the-key"
    assert requests[-1].data == PHOTO


def test_sends_a_drawing_if_the_demo_model_answers(tmp_path: Path) -> None:
    with api((200, []), CAT, model="models/demo") as (url, requests):
        code, printed = smoke_test(tmp_path, url)
    assert code == 0, printed
    assert [request.data for request in requests] == [PHOTO, DRAWING]


@pytest.mark.parametrize(
    ("answer", "message"), [(FORBIDDEN, "status 403"), ((415, {}), "status 415"), ((200, []), "no tag")]
)
def test_fails_without_a_tag(tmp_path: Path, answer: tuple[int, Any], message: str) -> None:
    with api(answer) as (url, _):
        code, printed = smoke_test(tmp_path, url)
    assert code == 1
    assert message in printed


def test_signs_requests_if_the_stack_needs_signatures(tmp_path: Path) -> None:
    arn = "arn:aws:execute-api:eu-central-1:123456789012:abc/v1/*"
    with api(CAT) as (url, requests):
        code, printed = smoke_test(tmp_path, url, InvokeArn=arn)
    assert code == 0, printed
    (request,) = requests
    assert request.headers["x-amz-security-token"] == "token"
    assert request.headers["Authorization"] == expected_signature(request)


def expected_signature(request: AWSRequest) -> str:
    """Return the Authorization header that botocore computes for the headers that curl signed."""
    signed = request.headers["Authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    headers = {name: request.headers[name] for name in signed}
    again = AWSRequest("POST", request.url, headers, request.data)
    again.context["timestamp"] = request.headers["x-amz-date"]
    signer = SigV4Auth(Credentials("AKID", "secret", "token"), "execute-api", "eu-central-1")
    canonical = signer.canonical_request(again)
    signature = signer.signature(signer.string_to_sign(again, canonical), again)
    return f"AWS4-HMAC-SHA256 Credential={signer.scope(again)}, SignedHeaders={';'.join(signed)}, Signature={signature}"
