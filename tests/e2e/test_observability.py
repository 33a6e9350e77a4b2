"""One request through `sam local` writes one log line and one metrics document with all documented fields."""

import json
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support import emf
from tests.support.programs import ROOT
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

# Fields that a log line has only after an error or a start, or if the request is traced.
NOT_ALWAYS = {"code", "start_type", "start_ms", "xray_trace_id"}


def documented_fields() -> set[str]:
    """Return the fields of a log line that docs/operations.md lists."""
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    table = page.partition("has one JSON line per request")[2].partition("Find a request")[0]
    return {name for row in re.findall(r"^\|([^|]+)\|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}


def written(log: Path, request_id: str) -> list[dict[str, Any]]:
    """Return a request's log line and its metrics. They are written shortly after its answer."""

    def both() -> list[str]:
        lines = [line for line in log.read_text(errors="replace").splitlines() if request_id in line and "{" in line]
        return lines if len(lines) == 2 else []

    lines = [json.loads(line[line.index("{") :]) for line in wait_for(both, timeout_s=20)]
    return sorted(lines, key=lambda line: "_aws" in line)


def test_tagged_picture_writes_a_log_line_and_metrics(api: httpx2.Client, api_log: Path, drawing_jpeg: bytes) -> None:
    headers = {"content-type": "image/jpeg", "x-correlation-id": "order-7"}
    response = api.post("/tag", content=drawing_jpeg, headers=headers)
    line, document = written(api_log, response.headers["x-request-id"])
    assert documented_fields() - NOT_ALWAYS <= set(line)
    assert (line["status"], line["content_type"], line["bytes"]) == (200, "image/jpeg", len(drawing_jpeg))
    assert (line["format"], line["pixels"]) == ("JPEG", 640 * 640)
    assert (line["correlation_id"], line["top_tag"]) == ("order-7", response.json()[0]["label"])
    assert line["cold_start"] is False
    assert "code" not in line
    assert emf.dimensions(document) == [{"service": "pet-tagger"}]
    assert emf.metrics(document) == {
        "Images": 1,
        "Rejected": 0,
        "ColdStart": 0,
        "DecodeTime": line["decode_ms"],
        "EncodeTime": line["encode_ms"],
        "ImageBytes": len(drawing_jpeg),
    }


def test_first_request_reports_the_cold_start(api: httpx2.Client, api_log: Path) -> None:
    """The first request is the health check of the `api` fixture."""
    assert api.base_url
    (document,) = [document for document in emf.documents(api_log.read_text()) if "LoadTime" in document]
    metrics = emf.metrics(document)
    assert metrics["ColdStart"] == 1
    assert 100 < metrics["LoadTime"] < 120_000
