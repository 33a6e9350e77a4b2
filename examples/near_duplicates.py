"""Find near-duplicates in a folder of images: the same photo resized, cropped or re-encoded.

    python examples/near_duplicates.py FOLDER [--url http://localhost:7860] [--threshold 0.95]

POST /embed returns a unit vector for each image. The dot product of two vectors is their cosine similarity. The program
prints the pairs whose similarity reaches the threshold, most similar first. It needs only Python.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif"}


def embedding(picture: bytes, url: str) -> list[float]:
    """Return the embedding of one image from the service at `url`."""
    headers = {"Content-Type": "application/octet-stream"}
    request = Request(f"{url}/embed", picture, headers)  # noqa: S310 - the user's own URL
    with urlopen(request, timeout=60) as answer:  # noqa: S310
        vector: list[float] = json.load(answer)["embedding"]
        return vector


def embeddings(folder: Path, url: str) -> Iterator[tuple[Path, list[float]]]:
    """Yield every image in the folder with its embedding. Report images that the service refuses on stderr."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES:
            try:
                yield path, embedding(path.read_bytes(), url)
            except HTTPError as error:
                print(f"{path}: {json.load(error)['detail']}", file=sys.stderr)


def near_duplicates(vectors: dict[Path, list[float]], threshold: float) -> list[tuple[float, Path, Path]]:
    """Return the pairs with at least that cosine similarity, most similar first."""
    pairs = [
        (sum(a * b for a, b in zip(vectors[one], vectors[other], strict=True)), one, other)
        for one, other in combinations(vectors, 2)
    ]
    return sorted((pair for pair in pairs if pair[0] >= threshold), key=lambda pair: -pair[0])


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description="Find near-duplicates in a folder of images.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url", default="http://localhost:7860", help="the service (default: %(default)s)")
    parser.add_argument("--threshold", type=float, default=0.95, help="minimum similarity (default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        pairs = near_duplicates(dict(embeddings(options.folder, options.url.rstrip("/"))), options.threshold)
    except URLError as error:
        print(f"{options.url}: {error.reason}", file=sys.stderr)
        return 1
    for cosine, one, other in pairs:
        print(f"{cosine:.3f}  {one}  {other}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
