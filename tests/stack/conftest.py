"""Fixtures: one stack on an emulated AWS, started as `make stack` starts it, for all tests of this folder."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import httpx2
import pytest

from tests.support.answers import jpeg_scores
from tests.support.programs import MODEL, completed, require_engine, run
from tools.server_process import free_port
from tools.stack.__main__ import STACK, build_image


class Stack:
    """A running stack, and what `make stack` printed about it."""

    def __init__(self, folder: Path, port: int, printed: str) -> None:
        self.folder, self.port, self.printed = folder, port, printed
        exports = re.findall(r"^export (AWS_\w+)=(.*)$", (folder / "env").read_text(), re.MULTILINE)
        self.environment = dict(exports)

    def client(self, service: str) -> Any:
        """Return a boto3 client of the emulated AWS."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            region_name=self.environment["AWS_REGION"],
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - the emulator accepts anything
        )

    @property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs."""
        (description,) = self.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in description["Outputs"]}

    @property
    def key(self) -> str:
        """The API key that was printed."""
        return re.findall(r"^API key +(\S+)$", self.printed, re.MULTILINE)[0]  # type: ignore[no-any-return]

    def api(self, headers: Mapping[str, str] | None = None) -> httpx2.Client:
        """Return a client of the API, which sends the API key unless other headers are passed."""
        headers = {"x-api-key": self.key} if headers is None else headers
        return httpx2.Client(base_url=self.outputs["TagUrl"].removesuffix("/tag"), headers=headers, timeout=60)

    def shell(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the project's folder as after `source build/stack/env`."""
        return completed("/bin/bash", "-c", f"source {self.folder}/env; {command}", timeout_s=300)


@contextmanager
def running(folder: Path) -> Iterator[Stack]:
    """Start a stack with its files in `folder`, and always remove it afterwards."""
    port = free_port()
    try:
        yield Stack(folder, port, command("up", "--no-build", "--folder", str(folder), "--port", str(port)))
    finally:
        command("down", "--folder", str(folder))


def command(*arguments: str) -> str:
    """Return what `python -m tools.stack` prints; fail the test if it fails."""
    return run(sys.executable, "-m", "tools.stack", *arguments, timeout_s=1800)


@pytest.fixture(scope="session")
def built() -> None:
    """The image, built with the demo model."""
    require_engine()
    build_image(MODEL)


@pytest.fixture(scope="session")
def stack(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:  # noqa: ARG001 - built first
    with running(tmp_path_factory.mktemp("emulated") / "stack") as started:
        yield started


@pytest.fixture(scope="session")
def api(stack: Stack) -> Iterator[httpx2.Client]:
    """A client with the API key."""
    with stack.api() as client:
        yield client


@pytest.fixture(scope="session")
def expected(drawing_jpeg: bytes, demo_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """The scores of the drawing, computed on this machine."""
    return jpeg_scores(drawing_jpeg, demo_model, tmp_path_factory.mktemp("in-process"))
