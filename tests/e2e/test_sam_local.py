"""A real photo through `sam local`, as a caller sends it, arrives unharmed and is answered as in process."""

import base64
import io
import json
import subprocess

import httpx
import pytest
import skimage.data
from PIL import Image

from tests.delivered import in_process_answers, run, scores
from tests.e2e.conftest import SAM
from tools.make_events import EVENTS_FOLDER, Request, rest_event, samples

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def photo() -> bytes:
    """A JPEG of Chelsea the cat, in full size."""
    jpeg = io.BytesIO()
    Image.fromarray(skimage.data.chelsea()).save(jpeg, "JPEG", quality=90)  # type: ignore[no-untyped-call]
    return jpeg.getvalue()


@pytest.fixture(scope="module")
def expected(built: None, photo: bytes, tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:  # noqa: ARG001
    """The scores of the handler in process; after the build, so that nothing is baked where that is skipped."""
    event = rest_event(Request("POST", "/tag", photo, "image/jpeg"))
    answers = in_process_answers({"photo": event}, tmp_path_factory.mktemp("in-process"))
    return scores(answers["photo"]["body"])


def test_multipart(api: httpx.Client, photo: bytes, expected: dict[str, float]) -> None:
    _check(api.post("/tag", files={"file": ("cat.jpg", photo, "image/jpeg")}), expected)


@pytest.mark.parametrize("content_type", ["image/jpeg", "application/octet-stream"])
def test_raw(api: httpx.Client, photo: bytes, expected: dict[str, float], content_type: str) -> None:
    _check(api.post("/tag", content=photo, headers={"content-type": content_type}), expected)


def test_json(api: httpx.Client, photo: bytes, expected: dict[str, float]) -> None:
    _check(api.post("/tag", json={"inputs": base64.b64encode(photo).decode()}), expected)


def _check(response: httpx.Response, expected: dict[str, float]) -> None:
    """The same scores as in process mean the same bytes: one changed pixel moves them all."""
    assert response.status_code == 200, response.text
    assert expected
    assert scores(response.text) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("media_type", ["png", "webp", "gif", "bmp", "tiff", "avif"])
def test_every_type_of_picture_arrives_as_bytes(api: httpx.Client, photo: bytes, media_type: str) -> None:
    encoded = io.BytesIO()
    Image.open(io.BytesIO(photo)).save(encoded, media_type)
    response = api.post("/tag", content=encoded.getvalue(), headers={"content-type": f"image/{media_type}"})
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("path", ["/labels", "/health", "/docs", "/openapi.json"])
def test_pages(api: httpx.Client, path: str) -> None:
    assert api.get(path).status_code == 200


def test_root_leads_on(api: httpx.Client) -> None:
    assert api.get("/", follow_redirects=True).status_code == 200


def test_problem(api: httpx.Client) -> None:
    response = api.post("/tag", files={"file": ("cat.jpg", b"This is a text.\n" * 40)})
    assert response.status_code == 415
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "unsupported_media_type"


def test_script_prints_the_tags(api: httpx.Client, expected: dict[str, float]) -> None:
    printed = run("scripts/test-clip.sh", "events/cat.jpg", str(api.base_url)).splitlines()
    assert printed
    assert {line.split()[1] for line in printed} <= set(expected)


def test_script_says_what_is_wrong(api: httpx.Client) -> None:
    result = subprocess.run(
        ["scripts/test-clip.sh", "LICENSE", str(api.base_url)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "415" in result.stderr


@pytest.mark.parametrize("name", ["rest-tag-multipart", "alb-tag-json", "error-truncated-jpeg"])
def test_invoke_takes_the_events(built: None, name: str) -> None:  # noqa: ARG001 - built first
    answer = json.loads(run(SAM, "local", "invoke", "-e", str(EVENTS_FOLDER / f"{name}.json"), timeout_s=180))
    assert answer["statusCode"] == samples()[name].status
