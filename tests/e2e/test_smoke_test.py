"""The smoke test of a deployment, run against the image through `sam local start-lambda`."""

import socket
import subprocess
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from function.hook_handler import problem_with, tag_photo
from tests.e2e.conftest import SAM
from tests.support.programs import ROOT
from tests.support.waiting import wait_for
from tools.server_process import free_port

pytestmark = pytest.mark.e2e


@pytest.fixture
def local_lambda(built: None) -> Iterator[Any]:  # noqa: ARG001 - built first
    """A client of the Lambda that `sam local` emulates."""
    port = free_port()
    server = subprocess.Popen([SAM, "local", "start-lambda", "--port", str(port)], cwd=ROOT)
    try:
        wait_for(lambda: listens(port))
        config = Config(signature_version=UNSIGNED, read_timeout=120, retries={"max_attempts": 0})
        yield boto3.client("lambda", region_name="local", endpoint_url=f"http://127.0.0.1:{port}", config=config)
    finally:
        server.terminate()
        server.wait(60)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_demo_model_passes(local_lambda: Any) -> None:
    tags, model = tag_photo(local_lambda, "TagFunction")
    assert (tags, model) == ([], "models/demo")
    assert problem_with(tags, model, "cat") == ""
    assert problem_with(tags, "another/model", "cat") != ""
