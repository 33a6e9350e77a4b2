"""How large the images are: ours, and one of the usual service, built on the same base from the same checkpoint."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from benchmarks.fixtures import ROOT, Files

OURS, USUAL = "ours", "usual service"
_TAGS = {OURS: "pet-tagger:bench", USUAL: "pet-tagger:bench-usual"}


def has_engine() -> bool:
    """Return whether a container engine answers."""
    docker = shutil.which("docker")
    return docker is not None and subprocess.run([docker, "info"], capture_output=True, check=False).returncode == 0  # noqa: S603


def build(files: Files) -> dict[str, list[tuple[str, float]]]:
    """Build both images; return each one's layers that are not empty, first to last, as (command, MB)."""
    with tempfile.TemporaryDirectory(dir=files.folder) as folder:
        ours, usual = Path(folder, OURS), Path(folder, "usual")
        for name in ("function", "requirements", "scripts"):
            shutil.copytree(ROOT / name, ours / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "Dockerfile", ours)
        _link(files.checkpoint, ours / "models/full-size")
        _docker_build(OURS, ours, ours / "Dockerfile", "--build-arg", "MODEL_ID=models/full-size")
        shutil.copytree(ROOT / "requirements", usual / "requirements")
        shutil.copy(ROOT / "benchmarks/usual_image/app.py", usual)
        _link(files.checkpoint, usual / "model")
        _docker_build(USUAL, usual, ROOT / "benchmarks/usual_image/Dockerfile")
    return {name: _layers(tag) for name, tag in _TAGS.items()}


def _link(checkpoint: Path, folder: Path) -> None:
    """Put the checkpoint into a build context without a copy."""
    folder.mkdir(parents=True)
    for path in checkpoint.iterdir():
        path.chmod(0o644)
        (folder / path.name).hardlink_to(path)


def _docker_build(name: str, context: Path, dockerfile: Path, *more: str) -> None:
    command = ["docker", "build", "--quiet", "--tag", _TAGS[name], "--file", str(dockerfile), *more, str(context)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def _layers(tag: str) -> list[tuple[str, float]]:
    """Return the layers of an image from its base to its end, without those that hold no files."""
    command = ["docker", "history", "--no-trunc", "--human=false", "--format", "{{json .}}", tag]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()  # noqa: S603
    layers = [json.loads(line) for line in reversed(lines)]
    return [(layer["CreatedBy"], int(layer["Size"]) / 1e6) for layer in layers if int(layer["Size"])]
