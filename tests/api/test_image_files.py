"""The files in tests/cases get their status over HTTP."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

CASES = Path(__file__).parents[1] / "cases"
FILES = sorted(path.name for path in CASES.iterdir())
REFUSED = {"avif-cut-5-percent.avif": (422, "undecodable_image")}


@pytest.mark.parametrize("name", FILES)
def test_each_case_gets_its_status(client: TestClient, name: str) -> None:
    response = client.post("/tag", files={"file": (name, (CASES / name).read_bytes())})
    status, code = REFUSED.get(name, (200, None))
    assert response.status_code == status, response.text
    assert code is None or response.json()["code"] == code
