"""Run the commands of docs/cli.md and write down what they print, or check that they print what is there.

python -m tools.docs [--check]

Numbers may differ by 0.02 in a check: other processors round otherwise.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from function import bake

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/cli.md"
MODEL = ROOT / "models/demo"
_CAT = ROOT / "tests/pictures/cat/long-hair-1.png"
_BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"\d+\.\d+")
_TOLERANCE = 0.02


def executed(text: str, folder: Path) -> str:
    """Return the page with the answer to each `$ command` of its console blocks, run in `folder`."""

    def run_all(block: re.Match[str]) -> str:
        commands = [line for line in block[0].splitlines() if line.startswith("$ ")]
        return "".join(f"{command}\n{answer(command[2:], folder)}" for command in commands)

    return _BLOCK.sub(run_all, text)


def answer(command: str, folder: Path) -> str:
    """Return all that a command prints, run in `folder` with this Python and the model baked there."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    result = subprocess.run(  # noqa: S603 - our own docs
        ["/bin/bash", "-c", command],
        cwd=folder,
        env={**environment, "MODEL_DIR": "build/model"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return result.stdout


def prepare(folder: Path, model: Path) -> None:
    """Put the pictures and the model that the page speaks of into `folder`."""
    picture = Image.open(_CAT).convert("RGB")
    (folder / "pictures/more").mkdir(parents=True)
    picture.save(folder / "pictures/cat.png")
    picture.save(folder / "pictures/more/cat.jpg", quality=95)
    (folder / "pictures/broken.jpg").write_bytes((folder / "pictures/more/cat.jpg").read_bytes()[:900])
    if bake.main(["--model", str(model), "--out", str(folder / "build/model")]):
        raise SystemExit(2)


def agree(one: str, other: str) -> bool:
    """Return whether two texts are equal, numbers nearly."""
    if _NUMBER.sub("#", one) != _NUMBER.sub("#", other):
        return False
    pairs = zip(_NUMBER.findall(one), _NUMBER.findall(other), strict=True)
    return all(abs(float(a) - float(b)) <= _TOLERANCE for a, b in pairs)


def main() -> int:
    """Run the command line; return its exit code: 1 if the check finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m tools.docs", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail if the page differs")
    check = parser.parse_args().check
    written = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), MODEL)
        found = executed(written, Path(folder))
    if not check:
        PAGE.write_text(found, encoding="utf-8")
    elif not agree(written, found):
        print(f"{PAGE}: not what the commands print: run `python -m tools.docs` and commit", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
