"""The command line: tag images on this machine, without a server. docs/cli.md describes it."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any

from function.errors import TaggerError

if TYPE_CHECKING:
    from function.tagging.options import TagOptions
    from function.tagging.tagger import Tagger, Tagging

    Result = Tagging | TaggerError | OSError

# Suffixes of image files in folders. A file that is named on the command line may have any suffix.
SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .mpo .png .webp .gif .bmp .tif .tiff .avif .heic .heif".split()  # noqa: SIM905 - readable
)
# While one image is encoded, the other threads decode the next images.
_THREADS = 4
# The API's options that the command line has: name here, value and help.
_OPTIONS = {
    "candidate_labels": ("--labels", "A,B", "your own labels instead of the model's"),
    "background_labels": ("--background-labels", "A,B", "labels that compete with yours and are never returned"),
    "background": ("--background", "BOOL", "false if every image shows one of the model's labels"),
    "top_k": ("--top-k", "N", "maximum number of tags"),
    "min_score": ("--min-score", "X", "minimum score of a tag"),
    "function_to_apply": ("--function-to-apply", "NAME", "softmax (default), or none for logits"),
}
_EXIT_CODES = (
    "Exit codes: 0 all images were tagged, 1 some images failed, 2 nothing was tagged (usage error, no model)."
)
_DEMO_FOUND_NOTHING = (
    "some images have no tags. The demo model knows drawings only. To tag photos, bake the real model on a machine "
    "with a network: make run MODEL_ID=openai/clip-vit-base-patch32"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = _parse(arguments)
    images = list(dict.fromkeys(path for name in options.pictures for path in find(name)))
    if not images:
        _print_error("no images found")
        return 2
    try:
        tagger, tag_options = _load(options)
    except TaggerError as error:
        _print_error(str(error))
        return 2
    show = _print_json if options.json else partial(_print_row, width=max(len(str(path)) for path in images))
    try:
        failed, untagged = _tag_all(images, tagger, tag_options, show)
        if untagged and tagger.manifest.is_demo:
            _print_error(_DEMO_FOUND_NOTHING)
        return 1 if failed else 0
    except BrokenPipeError:  # the reader, such as `head`, has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def find(name: str) -> Iterator[Path]:
    """Yield the images of a file name, a folder with its subfolders, or a glob (`**` matches any depth).

    A name that matches nothing is yielded unchanged, so that reading it reports the error.
    """
    if Path(name).is_dir():
        yield from (path for path in sorted(Path(name).rglob("*")) if _is_image(path))
    elif has_magic(name) and not Path(name).exists() and (matches := sorted(glob(name, recursive=True))):  # noqa: PTH207
        for match in matches:
            yield from find(match)
    else:
        yield Path(name)


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _load(options: argparse.Namespace) -> tuple["Tagger", "TagOptions"]:
    """Return the tagger for the baked folder of the command line or the environment, and the options for it.

    Raises InvalidOption or ModelError.
    """
    # Slow to import, so only after the usage check.
    from function.settings import Settings  # noqa: PLC0415
    from function.tagging.options import TagOptions  # noqa: PLC0415
    from function.tagging.tagger import Tagger  # noqa: PLC0415

    values = {name: value for name in _OPTIONS if (value := getattr(options, name)) is not None}
    tag_options = TagOptions.parse(values, names={name: flag for name, (flag, _, _) in _OPTIONS.items()})
    settings = Settings.from_environment(os.environ)
    tagger = Tagger.load(options.model_dir or settings.model_dir, settings.model_dtype, settings.max_image_pixels)
    tagger.check_labels(tag_options)
    return tagger, tag_options


def _tag_all(
    images: list[Path], tagger: "Tagger", options: "TagOptions", show: "Callable[[Path, Result], None]"
) -> tuple[int, int]:
    """Tag the images in their order and show each result. Return how many failed, and how many have no tags."""
    from tqdm import tqdm  # noqa: PLC0415

    def tag(path: Path) -> "Result":
        try:
            return tagger.tag(path.read_bytes(), options)
        except (TaggerError, OSError) as error:
            return error

    failed = untagged = 0
    with ThreadPoolExecutor(_THREADS) as threads, tqdm(total=len(images), unit=" image", disable=None) as progress:
        try:
            for path, result in zip(images, threads.map(tag, images), strict=True):
                if isinstance(result, Exception):
                    failed += 1
                elif not result.tags:
                    untagged += 1
                with tqdm.external_write_mode():
                    show(path, result)
                progress.update()
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    return failed, untagged


def _print_json(path: Path, result: "Result") -> None:
    """Print one line of JSON with `tags` or `error`."""
    line: dict[str, Any] = {"picture": str(path)}
    if isinstance(result, Exception):
        code = result.code if isinstance(result, TaggerError) else "unreadable"
        line["error"] = {"code": code, "detail": _message(result)}
    else:
        line["tags"] = [tag.to_json() for tag in result.tags]
    print(json.dumps(line), flush=True)  # in ASCII, because a file name may be invalid Unicode


def _print_row(path: Path, result: "Result", width: int) -> None:
    """Print one row of the table, or the error to stderr."""
    if isinstance(result, Exception):
        _print_error(f"{_printable(path)}: {_message(result)}")
        return
    tags = "  ".join(f"{tag.label} {tag.score:.2f}" for tag in result.tags)
    print(f"{_printable(path):{width}}  {tags or '-'}", flush=True)


def _printable(path: Path) -> str:
    """Return the path with bytes that are not valid Unicode replaced."""
    return os.fsencode(path).decode(errors="replace")


def _message(error: Exception) -> str:
    """Return the error's message without the path, which is printed before it."""
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m function", description="Pet tagger.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    tag = commands.add_parser("tag", help="tag images", description="Tag images on this machine.", epilog=_EXIT_CODES)
    tag.add_argument("pictures", nargs="+", metavar="PICTURES", help="image files, folders (with subfolders), or globs")
    tag.add_argument("--json", action="store_true", help="print a line of JSON for each image instead of a table")
    for name, (flag, metavar, help_text) in _OPTIONS.items():
        tag.add_argument(flag, dest=name, metavar=metavar, help=help_text)
    tag.add_argument("--model-dir", type=Path, metavar="DIR", help="the baked model folder (default: $MODEL_DIR)")
    return parser.parse_args(arguments)


def _print_error(text: str) -> None:
    print(f"tag: {text}", file=sys.stderr, flush=True)
