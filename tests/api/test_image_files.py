"""The files in tests/cases get their status over HTTP, and the command line and bulk give the same tags."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from function.errors import UndecodableImage
from function.tagging.tagger import Tagger

CASES = Path(__file__).parents[1] / "cases"
FILES = sorted(path.name for path in CASES.iterdir())
REFUSED = {"avif-cut-5-percent.avif": (422, "undecodable_image")}


@pytest.mark.parametrize("name", FILES)
def test_each_case_gets_its_status(client: TestClient, name: str) -> None:
    response = client.post("/tag", files={"file": (name, (CASES / name).read_bytes())})
    status, code = REFUSED.get(name, (200, None))
    assert response.status_code == status, response.text
    assert code is None or response.json()["code"] == code


def test_bulk_and_command_line_tag_a_motion_photo_like_the_api(client: TestClient, small_tagger: Tagger) -> None:
    """Both use `Tagger.decode`, then `tag_images` (bulk) or `tag` (command line)."""
    data = (CASES / "motion-photo-scans.jpg").read_bytes()
    expected = client.post("/tag", files={"file": ("photo.jpg", data)}).json()
    (tags,) = small_tagger.tag_images([small_tagger.decode(data)])
    assert [tag.label for tag in tags] == [tag["label"] for tag in expected]
    with pytest.raises(UndecodableImage):
        small_tagger.decode((CASES / "avif-cut-5-percent.avif").read_bytes())
