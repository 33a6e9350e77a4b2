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


def test_encoded_picture_publishes_its_times_and_size(capsys: pytest.CaptureFixture[str]) -> None:
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


def test_first_picture_also_publishes_the_cold_start(capsys: pytest.CaptureFixture[str]) -> None:
    document = published(capsys, PICTURE | {"cold_start": True, "start_ms": 3210.0})
    assert emf.metrics(document).items() >= {"ColdStart": 1, "LoadTime": 3210.0, "Images": 1}.items()


def test_problem_is_counted_in_total_and_by_code(capsys: pytest.CaptureFixture[str]) -> None:
    document = published(capsys, {"request_id": "1", "code": "undecodable_image", "bytes": 99, "cold_start": False})
    assert emf.dimensions(document) == [{"service": "tagger"}, {"service": "tagger", "code": "undecodable_image"}]
    assert emf.metrics(document) == {"Rejected": 1}


def test_restore_counts_as_cold_start_and_as_restore(capsys: pytest.CaptureFixture[str]) -> None:
    log = {"request_id": "1", "cold_start": True, "start_type": "restore", "start_ms": 12.0}
    assert emf.metrics(published(capsys, log)) == {"ColdStart": 1, "Restore": 1, "LoadTime": 12.0}
