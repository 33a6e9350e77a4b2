"""A picture sent through `sam local` arrives unchanged and gets the same answer as in process."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image

from tests.conftest import encode
from tests.e2e.conftest import SAM
from tests.support.answers import BODIES, check_scores, jpeg_scores
from tests.support.programs import run
from tools.make_events import EVENTS_FOLDER, samples

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def expected(
    built: None,  # noqa: ARG001
    drawing_jpeg: bytes,
    demo_model: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, float]:
    """The scores of the handler on this machine. Depends on the build, so that both are skipped together."""
    return jpeg_scores(drawing_jpeg, demo_model, tmp_path_factory.mktemp("in-process"))


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_every_kind_of_body_gets_the_scores_of_the_handler(
    api: httpx2.Client, drawing_jpeg: bytes, expected: dict[str, float], body: Callable[[bytes], Any]
) -> None:
    check_scores(api.post("/tag", **body(drawing_jpeg)), expected)


@pytest.mark.parametrize("media_type", ["png", "webp", "gif", "bmp", "tiff", "avif"])
def test_every_type_of_picture_arrives_as_bytes(api: httpx2.Client, cat_photo: Image.Image, media_type: str) -> None:
    content = encode(cat_photo, media_type)
    response = api.post("/tag", content=content, headers={"content-type": f"image/{media_type}"})
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("path", ["/", "/labels", "/health", "/docs", "/openapi.json"])
def test_get_routes_answer(api: httpx2.Client, path: str) -> None:
    assert api.get(path, follow_redirects=True).status_code == 200


def test_text_file_gets_a_problem_document(api: httpx2.Client) -> None:
    response = api.post("/tag", files={"file": ("cat.jpg", b"This is a text.\n" * 40)})
    assert response.status_code == 415
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "unsupported_media_type"


@pytest.mark.parametrize("name", ["rest-tag-multipart", "alb-tag-json", "error-truncated-jpeg"])
def test_sam_local_invoke_answers_the_events(built: None, name: str) -> None:  # noqa: ARG001 - built first
    answer = json.loads(run(SAM, "local", "invoke", "-e", str(EVENTS_FOLDER / f"{name}.json"), timeout_s=180))
    assert answer["statusCode"] == samples()[name].status
