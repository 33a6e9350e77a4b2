"""Every program in docs/clients.md works against the running service. tests/docs runs the commands of that page."""

import sys
from pathlib import Path

import pytest

from tests.clients.conftest import LABELS
from tests.docs.conftest import blocks
from tests.support.programs import require, run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, cat_file: Path) -> Path:
    folder = tmp_path_factory.mktemp("page")
    (folder / "cat.png").write_bytes(cat_file.read_bytes())  # the service ignores the suffix
    return folder


def output(service: str, folder: Path, program: str, *command: str) -> str:
    """Return the output of `command` with the program as its last argument, against the running service."""
    return run(*command, program.replace("localhost:7860", service.removeprefix("http://")), cwd=folder)


def test_python(service: str, folder: Path) -> None:
    (program,) = blocks("clients", "python")
    service_labels, own_labels = output(service, folder, program, sys.executable, "-c").splitlines()
    assert service_labels.count("label=") == 3
    assert all(repr(label) in own_labels for label in LABELS)


def test_javascript(service: str, folder: Path, node_programs: Path) -> None:
    (folder / "node_modules").symlink_to(node_programs / "node_modules")
    sdk, fetch = (
        output(service, folder, program, require("node"), "--input-type=module", "--no-warnings", "-e")
        for program in blocks("clients", "javascript")
    )
    assert "group: 'pet'" in sdk
    assert all(repr(label) in sdk for label in LABELS)
    assert "group: 'pet'" in fetch
