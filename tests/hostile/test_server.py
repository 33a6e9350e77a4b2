"""The local server with stalled, broken and concurrent requests, and when it is stopped."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from tests.conftest import encode
from tests.support.programs import MODEL, ROOT
from tools.make_events import PICTURE
from tools.server_process import free_port

CAT = PICTURE.read_bytes()


@pytest.fixture(scope="module")
def client(service: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=service, timeout=60) as client:
        yield client


def send_and_receive(client: httpx2.Client, *pieces: bytes, pause_s: float = 0) -> bytes:
    """Send `pieces` with pauses between them and return the answer."""
    with socket.create_connection(("127.0.0.1", client.base_url.port or 0), timeout=20) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause_s)
        answer = b""
        while received := connection.recv(65536):
            answer += received
            if b"}" in received:
                break
        return answer


def head(length: int, extra: bytes = b"") -> bytes:
    return b"POST /tag HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n" % (length, extra)


def test_stalled_upload_gets_408(client: httpx2.Client) -> None:
    started = time.monotonic()
    answer = send_and_receive(client, head(len(CAT)), CAT[:100])
    assert b"408" in answer.splitlines()[0]
    assert json.loads(answer.rpartition(b"\r\n\r\n")[2])["code"] == "too_slow"
    assert time.monotonic() - started >= 3


def test_slow_upload_within_the_timeout_is_answered(client: httpx2.Client) -> None:
    assert b"200" in send_and_receive(client, head(len(CAT)), CAT[:100], CAT[100:], pause_s=0.5).splitlines()[0]


def test_wrong_content_length_gets_an_error(client: httpx2.Client) -> None:
    # Few bytes, because TCP drops the answer if the server closes the connection before it has read everything.
    assert b"422" in send_and_receive(client, head(100) + CAT[:500]).splitlines()[0]
    assert b"400" in send_and_receive(client, head(100, b"Content-Length: 5\r\n")).splitlines()[0]
    assert b"400" in send_and_receive(client, head(-5)).splitlines()[0]


def test_chunked_upload_over_the_server_is_complete(client: httpx2.Client) -> None:
    expected = client.post("/tag", content=CAT).json()
    chunks = (CAT[i : i + 1000] for i in range(0, len(CAT), 1000))
    assert client.post("/tag", content=chunks).json() == expected


def test_disconnected_uploads_do_not_count_as_waiting(client: httpx2.Client) -> None:
    for _ in range(80):  # more than the limit of waiting requests
        with socket.create_connection(("127.0.0.1", client.base_url.port or 0)) as connection:
            connection.sendall(head(len(CAT)) + CAT[:1000])
    deadline = time.monotonic() + 20  # the server may notice the disconnects late
    while (response := client.post("/tag", content=CAT)).status_code == 503 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert response.status_code == 200


def test_concurrent_clients_get_their_own_answers_and_none_starves(client: httpx2.Client) -> None:
    callers, rounds = 32, 5
    pictures = [encode(Image.new("RGB", (40, 40), (i * 8, 255 - i * 8, i)), "PNG") for i in range(callers)]
    options = {"min_score": "0"}
    expected = [client.post("/tag", params=options, content=picture).json() for picture in pictures]
    start, ended = threading.Barrier(callers), [0.0] * callers

    def call(i: int) -> list[object]:
        start.wait()
        with httpx2.Client(base_url=client.base_url, timeout=60) as own:
            answers = [own.post("/tag", params=options, content=pictures[i]).json() for _ in range(rounds)]
        ended[i] = time.monotonic()
        return answers

    began = time.monotonic()
    with ThreadPoolExecutor(callers) as pool:
        answers = list(pool.map(call, range(callers)))
    assert answers == [[answer] * rounds for answer in expected]
    # All clients start together. A starved client would end long after the median.
    times = sorted(end - began for end in ended)
    assert times[-1] <= 3 * times[callers // 2] + 1


def started(port: int, model: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start the script of `make run` in its own process group and return it once it serves on `port`."""
    environment = {**os.environ, "PORT": str(port), "MODEL_ID": MODEL, "MODEL_DIR": str(model)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["scripts/run.sh"], cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, process_group=0
        )
    deadline = time.monotonic() + 120
    while b"startup complete" not in log.read_bytes():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    return process


def first_line(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536).split(b"\r\n")[0]
    except ConnectionResetError:
        return b""


def test_signal_stops_the_server_after_requests_in_progress(demo_model: Path, tmp_path: Path) -> None:
    """`kill` sends SIGTERM to the script, Ctrl-C sends SIGINT to the process group."""

    def check(send: Callable[[int, int], None], signal_number: signal.Signals) -> None:
        port, log = free_port(), tmp_path / signal_number.name
        process = started(port, demo_model, log)
        try:
            stop_during_requests(process, ("127.0.0.1", port), lambda: send(process.pid, signal_number))
            assert "Finished server process" in log.read_text()
            assert "Traceback" not in log.read_text()
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(check, (os.kill, os.killpg), (signal.SIGTERM, signal.SIGINT)))


def stop_during_requests(process: subprocess.Popen[bytes], address: tuple[str, int], stop: Callable[[], None]) -> None:
    """Stop the server with three connections: one idle, one with a stalled upload, one that lacks its last bytes."""
    with (
        socket.create_connection(address, timeout=30) as idle,
        socket.create_connection(address, timeout=30) as stalled_upload,
        socket.create_connection(address, timeout=30) as in_progress,
    ):
        idle.sendall(head(len(CAT)) + CAT)  # the answer shows that the model is loaded
        assert b"200" in first_line(idle)
        for upload in (stalled_upload, in_progress):
            upload.sendall(head(len(CAT), b"Expect: 100-continue\r\n"))
            assert b"100" in first_line(upload)  # the server waits for the body
        stalled_upload.sendall(CAT[:100])
        in_progress.sendall(CAT[:-100])
        stop()
        began = time.monotonic()
        time.sleep(0.5)
        in_progress.sendall(CAT[-100:])
        assert b"200" in first_line(in_progress)
        assert process.wait(timeout=30) == 0
        assert time.monotonic() - began <= 12
        assert b"503" in first_line(stalled_upload)
    with socket.socket() as listener:  # another server can use the port immediately
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
