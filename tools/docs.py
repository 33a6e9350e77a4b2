"""Run the commands in the console blocks of the docs and update their output, or check it.

python -m tools.docs [--check]

The commands of each page run in a folder with the files that the pages use, against the service with the demo model on
a free port. A list of tags that is too long for one line is written with one tag per line. A check allows numbers to
differ by 0.02, because processors round differently, and ignores random ids.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from function.bake import bake
from function.tagging.labels import LABELS_TOML
from tools.served import MODEL, served

ROOT = Path(__file__).parent.parent
PAGES = tuple(ROOT / name for name in ("README.md", "docs/cli.md", "docs/clients.md", "docs/labels.md"))
ADDRESS = "localhost:7860"
CAT = ROOT / "tests/pictures/cat/short-hair-2.png"
# The files of the repository that the commands read.
_LINKED = ("events", "examples", "function", "scripts", "tests")
_BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
# A command, which may span lines with pipes and backslashes, and its output.
_COMMAND = re.compile(r"^\$ ((?:.*[|\\]\n)*.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
_TOML = re.compile(r"(?<=^```toml\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-\d+)?")
_RANDOM_ID = re.compile(r"\b[0-9a-f]{32}\b")
_TOLERANCE = 0.02
_LINE_LENGTH = 120


def console(text: str) -> list[tuple[str, str]]:
    """Return every command of a page's console blocks with its documented output."""
    return [command for block in _BLOCK.findall(text) for command in _COMMAND.findall(block)]


def executed(text: str, folder: Path, port: int) -> str:
    """Return the page with the answer to each command of its console blocks, run in `folder`, two at a time.

    A documented answer that agrees with the new one does not change.
    """
    with ThreadPoolExecutor(2) as threads:
        answers = iter([threads.submit(answer, command, folder, port) for command, _ in console(text)])

    def updated(command: re.Match[str]) -> str:
        new = next(answers).result()
        return f"$ {command[1]}\n{command[2] if agree(command[2], new) else new}"

    return _BLOCK.sub(lambda block: _COMMAND.sub(updated, block[0]), text)


def answer(command: str, folder: Path, port: int) -> str:
    """Return all that a command prints, run in `folder` with this Python, the model baked there and its service."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    result = subprocess.run(  # noqa: S603 - our own docs
        ["/bin/bash", "-o", "pipefail", "-c", command.replace(ADDRESS, f"localhost:{port}")],
        cwd=folder,
        env={**environment, "MODEL_DIR": "build/model", "CURL_HOME": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    printed = _folded(result.stdout).replace(f"localhost:{port}", ADDRESS)
    return printed if printed.endswith("\n") or not printed else f"{printed}\n"


def _folded(printed: str) -> str:
    """Return the output. A list of tags that is too long for one line gets one tag per line."""
    if len(printed) <= _LINE_LENGTH or not re.fullmatch(r"\[\{.*\}\]\n?", printed):
        return printed
    return "[" + ",\n ".join(json.dumps(tag, separators=(",", ":")) for tag in json.loads(printed)) + "]\n"


@contextmanager
def prepared(folder: Path, model_dir: Path) -> Iterator[int]:
    """Copy the files that the pages use into `folder`, serve the baked `model_dir`, and yield the port."""
    for name in _LINKED:
        (folder / name).symlink_to(ROOT / name)
    picture = Image.open(CAT).convert("RGB")
    (folder / ".venv").symlink_to(sys.prefix)
    shutil.copy(CAT, folder / "cat.png")
    (folder / "pictures/more").mkdir(parents=True)
    picture.save(folder / "pictures/cat.png")
    picture.save(folder / "pictures/more/cat.jpg", quality=95)
    (folder / "pictures/broken.jpg").write_bytes((folder / "pictures/more/cat.jpg").read_bytes()[:900])
    (food,) = _TOML.findall((ROOT / "docs/labels.md").read_text(encoding="utf-8"))
    (folder / "food.toml").write_text(food, encoding="utf-8")
    (folder / "wrong.toml").write_text(food.replace('["pizza", "cake"]', '["pizza", "pie"]'), encoding="utf-8")
    # On a terminal curl shows no meter while it prints.
    (folder / ".curlrc").write_text("silent\nshow-error\n", encoding="utf-8")
    (folder / "build").mkdir()
    (folder / "build/model").symlink_to(model_dir)
    with served(model_dir) as port:
        yield port


def agree(one: str, other: str) -> bool:
    """Return whether two texts are equal except for random ids and small differences of numbers."""
    one, other = (_RANDOM_ID.sub("ID", text) for text in (one, other))
    if _NUMBER.sub("#", one) != _NUMBER.sub("#", other):
        return False
    pairs = zip(_NUMBER.findall(one), _NUMBER.findall(other), strict=True)
    return all(abs(float(a) - float(b)) <= _TOLERANCE for a, b in pairs)


def main() -> int:
    """Run the command line; return its exit code: 1 if the check finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m tools.docs", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail if a page differs")
    check = parser.parse_args().check
    differs = False
    with tempfile.TemporaryDirectory() as temporary:
        folder, model_dir = Path(temporary, "pages"), Path(temporary, "model")
        folder.mkdir()
        bake(str(MODEL), None, LABELS_TOML, model_dir)
        with prepared(folder, model_dir) as port:
            for page in PAGES:
                written = page.read_text(encoding="utf-8")
                current = executed(written, folder, port)
                if current != written and check:
                    print(f"{page}: not what the commands print: run `make docs` and commit", file=sys.stderr)
                elif current != written:
                    page.write_text(current, encoding="utf-8")
                differs |= current != written
    return int(check and differs)


if __name__ == "__main__":
    sys.exit(main())
