"""Downloads files. An interrupted download continues where it stopped."""

import hashlib
import time
from pathlib import Path

import httpx2
from tqdm import tqdm

_ATTEMPTS = 4
# identity: a range of a compressed transfer would be a range of other bytes.
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "pet-tagger"}


class DownloadError(Exception):
    """A file cannot be downloaded, or is not the expected one. The message is one line."""


def new_client() -> httpx2.Client:
    """Return an HTTP client for downloads. It is safe to use from several threads."""
    return httpx2.Client(headers=_HEADERS, timeout=30, follow_redirects=True)


def fetch(client: httpx2.Client, url: str, path: Path, md5: str | None = None, progress: bool = False) -> Path:
    """Download `url` to `path` unless `path` exists with this checksum, and return `path`.

    The bytes go to `path` with the suffix `.part`, which a later call continues. The file is renamed after its size and
    its checksum are checked. A broken connection is retried.

    Raises DownloadError.
    """
    if path.exists():
        _check(url, path, md5)
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _continue(client, url, part, progress)
            break
        except httpx2.TransportError as error:
            if attempt == _ATTEMPTS:
                reason = str(error) or type(error).__name__
                raise DownloadError(f"{url}: {reason}. Run the command again to continue.") from error
            time.sleep(attempt)
    _check(url, part, md5)
    return part.rename(path)


def _continue(client: httpx2.Client, url: str, part: Path, progress: bool) -> None:
    """Append the missing bytes of `url` to `part`."""
    done = part.stat().st_size if part.exists() else 0
    with client.stream("GET", url, headers={"Range": f"bytes={done}-"} if done else {}) as response:
        if response.status_code == 416 and response.headers.get("Content-Range") == f"bytes */{done}":
            return  # the last run was interrupted after the last byte
        _check_answer(url, response, part)
        if response.status_code == 200:
            done = 0
        total = done + int(response.headers.get("Content-Length", 0))
        with (
            part.open("ab" if done else "wb") as file,
            tqdm(
                desc=part.stem, initial=done, total=total, unit="B", unit_scale=True, disable=None if progress else True
            ) as bar,
        ):
            for chunk in response.iter_raw():
                bar.update(file.write(chunk))
    if part.stat().st_size != total:
        raise httpx2.ReadError(f"{part.stat().st_size} of {total} bytes")


def _check_answer(url: str, response: httpx2.Response, part: Path) -> None:
    """Raise DownloadError if the answer is not the file, or not the missing part of the file."""
    status, kind = response.status_code, response.headers.get("Content-Type", "")
    begins = f"bytes {part.stat().st_size}-" if part.exists() else "bytes 0-"
    if status == 416 or (status == 206 and not response.headers.get("Content-Range", "").startswith(begins)):
        part.unlink()
        raise DownloadError(f"{url}: the server cannot continue the download. Run the command again to start over.")
    if status not in {200, 206}:
        raise DownloadError(f"{url}: the server answers {status} {response.reason_phrase}")
    if kind.startswith("text/html"):
        raise DownloadError(f"{url}: the server answers with a web page. Is there a proxy or a login page in between?")


def _check(url: str, path: Path, md5: str | None) -> None:
    """Raise DownloadError, and delete the file, if it does not have the checksum."""
    if md5 is None:
        return
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if digest != md5:
        path.unlink()
        raise DownloadError(f"{url}: the file has MD5 {digest}, expected {md5}. It is deleted: run the command again.")
