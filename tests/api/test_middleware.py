"""The log line and the metrics of each request."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from function.api import middleware as observe
from function.api.app import create_app
from function.settings import Settings
from function.start import Start
from function.tagging.tagger import Tagger
from tests.conftest import encode
from tests.support import emf
from tests.support.logs import log_lines
from tools.make_events import PICTURE

JPEG = {"content-type": "image/jpeg"}


def started() -> Start:
    start = Start()
    start.record("init", 1234.5678)
    return start


@pytest.fixture
def counted(small_tagger: Tagger) -> Iterator[TestClient]:
    """A client of an app that publishes metrics, and whose first request is a cold start."""
    with TestClient(create_app(small_tagger, Settings(metrics_namespace="Tests"), start=started())) as client:
        yield client


def test_log_line_has_all_fields_and_no_part_of_the_image(counted: TestClient, cat_jpeg: bytes) -> None:
    with log_lines() as lines:
        response = counted.post("/tag", content=cat_jpeg, headers=JPEG)
    (line,) = lines
    assert {name: line[name] for name in ("cold_start", "start_ms", "content_type", "format", "status", "model")} == {
        "cold_start": True,
        "start_ms": 1234.57,
        "content_type": "image/jpeg",
        "format": "JPEG",
        "status": 200,
        "model": "small",
    }
    assert line["request_id"] == line["correlation_id"] == response.headers["x-request-id"]
    assert (line["bytes"], line["pixels"]) == (len(cat_jpeg), 451 * 300)
    assert line["top_tag"] == response.json()[0]["label"]
    assert {"milliseconds", "decode_ms", "wait_ms", "encode_ms", "score_ms"} <= set(line)
    assert all(len(str(value)) < 100 for value in line.values())


@pytest.mark.parametrize(
    ("sent", "logged"), [("order-7/a:b", "order-7/a:b"), ("a b", None), ("x" * 129, None), ("é", None), ("", None)]
)
def test_valid_correlation_id_is_logged(counted: TestClient, sent: str, logged: str | None) -> None:
    with log_lines() as lines:
        counted.get("/health", headers={b"X-Correlation-Id": sent.encode()})
    assert lines[0]["correlation_id"] == (logged or lines[0]["request_id"])


def test_only_the_first_request_logs_the_cold_start(counted: TestClient, capsys: pytest.CaptureFixture[str]) -> None:
    """The second request has no metrics, so it writes no document."""
    with log_lines() as lines:
        for _ in range(2):
            counted.get("/health")
    assert [(line["cold_start"], "start_ms" in line) for line in lines] == [(True, True), (False, False)]
    (document,) = emf.documents(capsys.readouterr().out)
    assert emf.metrics(document) == {"ColdStart": 1, "LoadTime": 1234.57}


def test_concurrent_requests_have_separate_metrics(
    small_tagger: Tagger, cat_photo: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = [encode(cat_photo.resize((40 + side, 40)), "PNG") for side in range(24)]
    app = create_app(small_tagger, Settings(metrics_namespace="Tests"))
    with TestClient(app) as client, ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(lambda body: client.post("/tag", content=body).headers["x-request-id"], pictures))
        threads.submit(client.post, "/tag", content=b"no picture").result()
    documents = {document["request_id"]: document for document in emf.documents(capsys.readouterr().out)}
    assert len(documents) == len(pictures) + 1
    for request_id, picture in zip(ids, pictures, strict=True):
        assert emf.metrics(documents[request_id])["ImageBytes"] == len(picture)


def test_failing_metrics_do_not_change_the_answer(counted: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(observe, "publish", fail)
    with log_lines() as lines:
        response = counted.post("/tag", content=PICTURE.read_bytes(), headers=JPEG)
    assert response.status_code == 200
    assert response.json()
    assert [line["message"] for line in lines] == ["request", "the metrics of this request were not published"]


def test_no_metrics_without_a_namespace(client: TestClient, capsys: pytest.CaptureFixture[str]) -> None:
    assert client.post("/tag", content=PICTURE.read_bytes(), headers=JPEG).status_code == 200
    assert emf.documents(capsys.readouterr().out) == []
