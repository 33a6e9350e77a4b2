"""`make accuracy`: bake the model, download the photos, measure, write docs/accuracy.md.

Exit codes: 0 success, 1 the default model does not have its published accuracy, 2 a model, download or file error,
130 interrupted. Whatever is finished is kept: run the command again to continue.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from function.bake import bake
from function.errors import ModelError
from function.model.checkpoint import DEFAULT_MODEL
from function.settings import Settings
from function.tagging.labels import LABELS_TOML
from function.tagging.tagger import Tagger
from tools.accuracy import coco, page, pets
from tools.accuracy.answers import AnswerFile
from tools.accuracy.download import DownloadError, new_client
from tools.accuracy.export import export
from tools.accuracy.figures import compute

_ROOT = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = _parse(arguments)
    try:
        return _run(options)
    except (ModelError, DownloadError, OSError) as error:
        print(f"accuracy: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("accuracy: interrupted. Run the command again to continue.", file=sys.stderr)
        return 130


def _run(options: argparse.Namespace) -> int:
    """Measure, write the page, and return the exit code. With `--export`, only write the photos to folders."""
    model = options.folder / "models" / options.model.replace("/", "--")
    if not options.export:
        bake(options.model, options.revision, LABELS_TOML, model)
    with new_client() as client:
        photos = pets.download(client, options.pets_url, options.folder / "pets", options.checksums)
        scenes = coco.download(client, options.coco_url, options.folder / "coco", options.checksums)
    if options.export:
        export(photos, scenes, options.export)
        return 0
    tagger = Tagger.load(model, "float32", Settings().max_image_pixels)
    file = AnswerFile.of(model, options.folder / "answers")
    file.tag_missing(tagger, photos.pictures(), len(photos.breeds), breeds=True)
    file.tag_missing(tagger, scenes.pictures(), len(scenes.labels), breeds=False)
    figures = compute(photos, scenes, file.answers, tagger.bank.labels)
    page.write(figures, tagger.manifest.model_name, options.docs)
    print(f"breed top-1 {figures.breed.top_1:.2%}; {options.docs / 'accuracy.md'} has all figures")
    complaint = page.gate(figures, tagger.manifest.model_id)
    if complaint:
        print(f"accuracy: {complaint}", file=sys.stderr)
    return 1 if complaint else 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.accuracy", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default=DEFAULT_MODEL, help="hub id or folder (default: %(default)s)")
    parser.add_argument("--revision", help="commit of a hub model (default: the pinned one, or the newest)")
    parser.add_argument("--folder", type=Path, default=_ROOT / "build/accuracy", help="downloads, models and answers")
    parser.add_argument("--export", type=Path, metavar="DIR", help="only write the photos to DIR for tools.evaluate")
    parser.add_argument("--docs", type=Path, default=_ROOT / "docs", help="where the page is written")
    for name, kind in {"pets": pets, "coco": coco}.items():
        variable = f"{name.upper()}_URL"
        address = os.environ.get(variable, kind.ADDRESS)
        parser.add_argument(f"--{name}-url", default=address, help=f"default: ${variable} or {kind.ADDRESS}")
    parser.add_argument(
        "--no-checksums", dest="checksums", action="store_false", help="accept other archives in the same layout"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
