"""Pictures that are too large for a request and that the browser cannot shrink are uploaded to the bucket."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.conftest import encode, local_server
from tests.page.test_browser import card, choose, file, shown_tags
from tests.support import aws
from tests.support.aws import REGION
from tests.support.programs import ROOT

pytestmark = pytest.mark.browser

BUCKET = "pictures-bucket"


@pytest.fixture(scope="module")
def service(demo_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service with an upload bucket in moto."""
    log = tmp_path_factory.mktemp("service-with-bucket") / "log"
    with aws.cloud():
        boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        origin = boto3.client("s3").meta.endpoint_url
        settings = {"MODEL_DIR": str(demo_model), "UPLOAD_BUCKET": BUCKET, "UPLOAD_ORIGIN": origin}
        with local_server("tests.support.page_app:app", log, settings) as url:
            yield f"{url}/"


def large_tiff() -> bytes:
    """Return a drawing of a cat as a TIFF of 5 MB: Chromium does not open that format."""
    drawing = Image.open(ROOT / "tests/pictures/cat/short-hair-2.png").convert("RGB").resize((1300, 1300))
    return encode(drawing, "TIFF")


def test_a_picture_over_the_limit_goes_through_the_bucket(page: Page) -> None:
    data = large_tiff()
    assert len(data) > 4_500_000
    choose(page, file("cat.tiff", data, "image/tiff"))
    assert "cat" in shown_tags(card(page, "cat.tiff"), "Pet")
    (stored,) = boto3.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    assert stored["Key"].startswith("uploads/")
    assert stored["Size"] == len(data)


def test_reports_a_picture_that_is_too_large_for_the_bucket(page: Page) -> None:
    choose(page, file("film.mov", bytes(4_600_000), "video/quicktime"))
    expect(card(page, "film.mov").locator(".state")).to_contain_text("is not", timeout=30_000)
