"""pip installs only files whose digests are locked, torch included, and the image gets no package of the bake."""

import re
from pathlib import Path

from tests.support.programs import ROOT

# The files that install them. Each call of pip must require digests.
INSTALLERS = [ROOT / "Dockerfile", ROOT / "Makefile", *sorted((ROOT / "scripts").glob("*.sh"))]


def statements(path: Path) -> list[str]:
    """Return the lines of a file without comments, continued lines joined."""
    joined = re.sub(r"\\\n\s*", " ", path.read_text())
    return [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def test_every_digest_of_torch_names_its_wheel() -> None:
    text = (ROOT / "requirements/torch.txt").read_text()
    digests = re.findall(r"--hash=sha256:([0-9a-f]{8})[0-9a-f]{56}\b", text)
    named = re.findall(r"^#   ([0-9a-f]{8})  torch-\S+\.whl$", text, re.MULTILINE)
    assert named == digests
    assert len(set(digests)) == text.count("--hash=") == len(digests)


def test_each_installer_requires_digests() -> None:
    installs = [line for path in INSTALLERS for line in statements(path) if re.search(r"(-r|--requirement) ", line)]
    assert len(installs) >= 5
    for line in installs:
        for call in re.split(r"&&|;", line):
            if "pip install" in call or "installer[@]" in call:
                assert "--require-hashes" in call, call


def locked_names(lock: str) -> set[str]:
    """Return the names of the packages in a lock file."""
    return {line.partition("==")[0] for line in statements(ROOT / "requirements" / lock)}


def test_the_image_installs_no_package_that_only_the_bake_needs() -> None:
    runtime, bake = locked_names("runtime.lock"), locked_names("bake.lock")
    assert runtime < bake
    for_the_bake = {"transformers", "huggingface-hub", "hf-xet", "numpy", "regex", "sympy", "tqdm"}
    assert for_the_bake <= bake - runtime


def test_only_the_model_stage_of_the_image_installs_packages_for_the_bake() -> None:
    stages = (ROOT / "Dockerfile").read_text().split("\nFROM ")
    assert [stage.split("\n")[0].rpartition(" ")[2] for stage in stages if "bake.lock" in stage] == ["model"]
    assert not any(
        "/bake-dependencies" in line for stage in stages[1:] for line in stage.split("\n") if "COPY --from" in line
    )
