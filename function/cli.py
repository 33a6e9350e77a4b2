"""The command line: tag pictures on this machine, with the tagger that serves, and no server.

    python -m function tag PICTURES... [--json] [--labels a,b] [--top-k N] [--min-score X] [--model-dir DIR]

Exit codes: 0 all were tagged, 1 some were not, 2 nothing was tried (usage, labels, no model).
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any

from function.errors import TaggerError

if TYPE_CHECKING:
    from function.tagging.options import TagOptions
    from function.tagging.tagger import Tagger, Tagging

# What a folder is searched for; a file that is named is read whatever it is called.
SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .mpo .png .webp .gif .bmp .tif .tiff .avif .heic .heif".split()  # noqa: SIM905 - to be read
)
# While one picture is encoded, the next are decoded.
_THREADS = 4
_SCORE_DIGITS = 6

# The API's options that this has too, and what they are called here.
_OPTIONS = {"candidate_labels": "--labels", "top_k": "--top-k", "min_score": "--min-score"}

Answer = tuple[Path, "Tagging | TaggerError | OSError"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    given = _parse(arguments)
    pictures = list(dict.fromkeys(path for name in given.pictures for path in find(name)))
    if not pictures:
        _say("no pictures found")
        return 2
    try:
        tagger, options = _load(given)
    except TaggerError as error:
        _say(re.sub("|".join(_OPTIONS), lambda name: _OPTIONS[name[0]], str(error)))
        return 2
    show = _as_json if given.json else partial(_as_row, width=max(len(str(path)) for path in pictures))
    try:
        return 1 if _tag_all(pictures, tagger, options, show) else 0
    except BrokenPipeError:  # as with `| head`: whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def find(name: str) -> Iterator[Path]:
    """Yield the pictures that `name` stands for: a file, a folder and all below it, or a glob (`**` for any depth).

    A name of nothing is yielded as it is: that it cannot be read is told when its turn comes.
    """
    if Path(name).is_dir():
        yield from (path for path in sorted(Path(name).rglob("*")) if _is_picture(path))
    elif has_magic(name) and not Path(name).exists() and (matches := sorted(glob(name, recursive=True))):  # noqa: PTH207
        for match in matches:
            yield from find(match)
    else:
        yield Path(name)


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _load(given: argparse.Namespace) -> tuple["Tagger", "TagOptions"]:
    """Return the tagger and what is asked of it.

    Raises InvalidOption or ModelError.
    """
    # Seconds of imports: not before the arguments are known to be sound.
    from function.settings import Settings  # noqa: PLC0415
    from function.tagging.options import TagOptions  # noqa: PLC0415
    from function.tagging.tagger import Tagger  # noqa: PLC0415

    asked = {name: value for name in _OPTIONS if (value := getattr(given, name)) is not None}
    options = TagOptions.parse(asked)
    settings = Settings.from_environment(os.environ)
    model_dir = given.model_dir or settings.model_dir
    return Tagger.load(model_dir, settings.model_dtype, settings.max_image_pixels), options


def _tag_all(pictures: list[Path], tagger: "Tagger", options: "TagOptions", show: Callable[[Answer], None]) -> int:
    """Tag the pictures in their order and show each; return how many failed."""
    from tqdm import tqdm  # noqa: PLC0415

    def tag(path: Path) -> Answer:
        try:
            return path, tagger.tag(path.read_bytes(), options)
        except (TaggerError, OSError) as error:
            return path, error

    failed = 0
    with ThreadPoolExecutor(_THREADS) as threads, tqdm(total=len(pictures), unit=" picture", disable=None) as progress:
        try:
            for answer in threads.map(tag, pictures):
                failed += isinstance(answer[1], Exception)
                with tqdm.external_write_mode():
                    show(answer)
                progress.update()
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    return failed


def _as_json(answer: Answer) -> None:
    """Print one line of JSON, with `tags` or with `error`."""
    path, result = answer
    line: dict[str, Any] = {"picture": str(path)}
    if isinstance(result, Exception):
        line["error"] = {
            "code": result.code if isinstance(result, TaggerError) else "unreadable",
            "detail": _why(result),
        }
    else:
        line["tags"] = [asdict(tag) | {"score": round(tag.score, _SCORE_DIGITS)} for tag in result.tags]
    print(json.dumps(line), flush=True)  # ASCII: a file name need not be valid Unicode


def _as_row(answer: Answer, width: int) -> None:
    """Print one row of the table; what is wrong with a picture goes to stderr."""
    path, result = answer
    if isinstance(result, Exception):
        _say(f"{_name(path)}: {_why(result)}")
        return
    tags = "  ".join(f"{tag.label} {tag.score:.2f}" for tag in result.tags)
    print(f"{_name(path):{width}}  {tags or '-'}", flush=True)


def _name(path: Path) -> str:
    """Return the path with what is no text in it replaced, so that it can be printed."""
    return os.fsencode(path).decode(errors="replace")


def _why(error: Exception) -> str:
    """Return what went wrong in words, without the path, which is said beside it."""
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m function", description="Pet tagger.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    tag = commands.add_parser(
        "tag",
        help="tag pictures",
        description="Tag pictures on this machine.",
        epilog="Exit codes: 0 all were tagged, 1 some were not, 2 nothing was tried (usage, labels, no model).",
    )
    tag.add_argument("pictures", nargs="+", metavar="PICTURES", help="files, folders (with all below), or globs")
    tag.add_argument("--json", action="store_true", help="a line of JSON for each picture instead of a table")
    tag.add_argument(
        "--labels", dest="candidate_labels", metavar="A,B", help="labels of your own instead of the model's"
    )
    tag.add_argument("--top-k", metavar="N", help="at most so many tags")
    tag.add_argument("--min-score", metavar="X", help="only tags that score at least this")
    tag.add_argument("--model-dir", type=Path, metavar="DIR", help="the baked model folder (default: $MODEL_DIR)")
    return parser.parse_args(arguments)


def _say(text: str) -> None:
    print(f"tag: {text}", file=sys.stderr, flush=True)
