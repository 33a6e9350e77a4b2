"""Downloads continue after a broken connection, and a file that is not the expected one is refused."""

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.accuracy.conftest import FileServer, serve_files
from tools.accuracy.download import DownloadError, fetch, new_client

CONTENT = bytes(range(256)) * 4000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FileServer]:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "file.bin").write_bytes(CONTENT)
    (folder / "login.html").write_text("log in")
    with serve_files(folder) as served:
        yield served


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with new_client() as opened:
        yield opened


def test_continues_after_a_broken_connection(
    server: FileServer, client: httpx2.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    server.breaks = "file.bin"
    path = fetch(client, f"{server.url}/file.bin", tmp_path / "file.bin", hashlib.md5(CONTENT).hexdigest())  # noqa: S324
    assert path.read_bytes() == CONTENT
    (_, first), (_, second) = server.ranges
    assert (first, second) == (None, f"bytes={len(CONTENT) // 2}-")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file.bin", "served"]


def test_continues_a_part_of_an_earlier_run_even_if_it_is_complete(
    server: FileServer, client: httpx2.Client, tmp_path: Path
) -> None:
    for done in (1000, len(CONTENT)):
        path = tmp_path / f"file-{done}"
        path.with_name(f"{path.name}.part").write_bytes(CONTENT[:done])
        assert fetch(client, f"{server.url}/file.bin", path).read_bytes() == CONTENT


def test_existing_file_is_not_downloaded_again(server: FileServer, client: httpx2.Client, tmp_path: Path) -> None:
    (tmp_path / "file.bin").write_bytes(b"here")
    fetch(client, f"{server.url}/file.bin", tmp_path / "file.bin")
    assert server.ranges == []
    with pytest.raises(DownloadError, match="the file has MD5"):
        fetch(client, f"{server.url}/file.bin", tmp_path / "file.bin", md5="0" * 32)
    assert not (tmp_path / "file.bin").exists()


@pytest.mark.parametrize(
    ("name", "part", "message"),
    [
        ("file.bin", b"", "the file has MD5"),
        ("file.bin", CONTENT + b"more", "the server cannot continue the download"),
        ("absent.bin", b"", "the server answers 404"),
        ("login.html", b"", "the server answers with a web page"),
    ],
)
def test_wrong_answer_is_refused_and_leaves_no_file(
    server: FileServer, client: httpx2.Client, tmp_path: Path, name: str, part: bytes, message: str
) -> None:
    path = tmp_path / name
    if part:
        path.with_name(f"{name}.part").write_bytes(part)
    with pytest.raises(DownloadError, match=message) as error:
        fetch(client, f"{server.url}/{name}", path, md5="0" * 32)
    assert "\n" not in str(error.value)
    assert not path.exists()
    if "MD5" in message or part:
        assert not path.with_name(f"{name}.part").exists()


def test_unreachable_server_is_retried_and_then_named(
    client: httpx2.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    with pytest.raises(DownloadError, match=r"http://127\.0\.0\.1:9/file: .*Run the command again to continue"):
        fetch(client, "http://127.0.0.1:9/file", tmp_path / "file")
    assert waits == [1, 2, 3]
