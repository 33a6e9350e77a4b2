"""What pip installs is known by its digest, torch included: a file that was replaced is not installed."""

import re
from pathlib import Path

import pytest

from tests.delivered import ROOT

FILES = [ROOT / "requirements/torch.txt", *sorted((ROOT / "requirements").glob("*.lock"))]
# What installs them; each pip call is to ask for digests, lest a requirement without one slip in.
INSTALLERS = [ROOT / "Dockerfile", ROOT / "Makefile", *sorted((ROOT / "scripts").glob("*.sh"))]


def statements(path: Path) -> list[str]:
    """Return what a file says, with continued lines joined, without comments."""
    joined = re.sub(r"\\\n\s*", " ", path.read_text())
    return [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_requirement_has_a_digest(path: Path) -> None:
    requirements = [line for line in statements(path) if not line.startswith("--")]
    assert requirements
    for requirement in requirements:
        assert re.search(r"==\S+.* --hash=sha256:[0-9a-f]{64}(\s|$)", requirement), requirement


def test_every_digest_of_torch_names_its_wheel() -> None:
    text = (ROOT / "requirements/torch.txt").read_text()
    digests = re.findall(r"--hash=sha256:([0-9a-f]{8})[0-9a-f]{56}\b", text)
    named = re.findall(r"^#   ([0-9a-f]{8})  torch-\S+\.whl$", text, re.MULTILINE)
    assert named == digests
    assert len(set(digests)) == text.count("--hash=") == len(digests)


def test_whoever_installs_asks_for_digests() -> None:
    installs = [line for path in INSTALLERS for line in statements(path) if re.search(r"(-r|--requirement) ", line)]
    assert len(installs) >= 5
    for line in installs:
        for call in re.split(r"&&|;", line):
            if "pip install" in call or "installer[@]" in call:
                assert "--require-hashes" in call, call
