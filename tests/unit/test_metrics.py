"""The metrics of one request are written as one document, or none if there are no metrics."""

import pytest

from function.metrics import publish
from tests.support import emf

PICTURE = {"request_id": "1", "encode_ms": 50.5, "decode_ms": 4.25, "bytes": 12345, "cold_start": False}


def published(capsys: pytest.CaptureFixture[str], log: dict[str, object]) -> dict[str, object]:
    publish("Tests", "tagger", log)
    (document,) = emf.documents(capsys.readouterr().out)
    assert document["request_id"] == "1"
    return document


def test_a_picture(capsys: pytest.CaptureFixture[str]) -> None:
    document = published(capsys, PICTURE)
    assert emf.dimensions(document) == [{"service": "tagger"}]
    assert emf.metrics(document) == {
        "Images": 1,
        "Rejected": 0,
        "ColdStart": 0,
        "EncodeTime": 50.5,
        "DecodeTime": 4.25,
        "ImageBytes": 12345,
    }


def test_a_picture_that_waited_for_the_start(capsys: pytest.CaptureFixture[str]) -> None:
    document = published(capsys, PICTURE | {"cold_start": True, "start_ms": 3210.0})
    assert emf.metrics(document).items() >= {"ColdStart": 1, "LoadTime": 3210.0, "Images": 1}.items()


def test_a_problem_is_counted_in_all_and_by_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    document = published(capsys, {"request_id": "1", "code": "undecodable_image", "bytes": 99, "cold_start": False})
    assert emf.dimensions(document) == [{"service": "tagger"}, {"service": "tagger", "code": "undecodable_image"}]
    assert emf.metrics(document) == {"Rejected": 1}


def test_counts_a_cold_start_for_any_request(capsys: pytest.CaptureFixture[str]) -> None:
    document = published(capsys, {"request_id": "1", "cold_start": True, "start_ms": 3210.0})
    assert emf.metrics(document) == {"ColdStart": 1, "LoadTime": 3210.0}


def test_a_restore_is_a_start_that_is_also_counted_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    log = {"request_id": "1", "cold_start": True, "start_type": "restore", "start_ms": 12.0}
    assert emf.metrics(published(capsys, log)) == {"ColdStart": 1, "Restore": 1, "LoadTime": 12.0}


def test_writes_no_document_without_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    publish("Tests", "tagger", {"request_id": "1", "cold_start": False, "status": 200})
    assert capsys.readouterr().out == ""
