"""Large images go through the upload bucket, and the service reads no other bucket."""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import httpx2
import pytest
from starlette.testclient import TestClient

from function.api.app import create_app
from function.api.upload_bucket import EXPIRES_IN_S, parse_s3_url
from function.s3 import S3Object
from function.settings import Settings
from function.tagging.tagger import Tagger
from tests.support import aws
from tests.support.aws import REGION, Aws

BUCKET = "upload-bucket"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Aws]:
    with aws.cloud() as application:
        s3 = boto3.client("s3")
        for bucket in (BUCKET, "other-bucket"):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
            s3.put_object(Bucket=bucket, Key="uploads/there", Body=b"no picture")
            s3.put_object(Bucket=bucket, Key="uploads/large", Body=b"\0" * 1_000_001)
        yield application


@pytest.fixture
def with_bucket(cloud: Aws, small_tagger: Tagger) -> Iterator[TestClient]:
    settings = Settings(upload_bucket=BUCKET, max_image_bytes=10_000, max_object_bytes=1_000_000)
    with TestClient(create_app(small_tagger, settings)) as client:
        yield client
    cloud.faults.errors = 0.0


def tag(client: TestClient, url: str, **parameters: Any) -> Any:
    return client.post("/tag", json={"inputs": url, "parameters": parameters})


def test_image_over_the_limit_is_uploaded_and_tagged(
    with_bucket: TestClient, small_tagger: Tagger, cat_png: bytes
) -> None:
    assert len(cat_png) > 10_000
    assert with_bucket.post("/tag", files={"file": cat_png}).status_code == 413
    answer = with_bucket.post("/uploads")
    assert answer.status_code == 201
    target = answer.json()
    form = {**target["fields"], "Content-Type": "image/png"}
    assert httpx2.post(target["url"], data=form, files={"file": ("cat.png", cat_png)}).status_code == 204
    tagged = tag(with_bucket, target["inputs"], top_k=2)
    assert tagged.status_code == 200, tagged.text
    assert [each["label"] for each in tagged.json()] == [each.label for each in small_tagger.tag(cat_png).tags[:2]]


def test_upload_policy_limits_size_type_bucket_and_key(with_bucket: TestClient) -> None:
    first, second = (with_bucket.post("/uploads").json() for _ in range(2))
    assert first["fields"]["key"] != second["fields"]["key"]
    assert re.fullmatch(r"uploads/[0-9a-f]{32}", first["fields"]["key"])
    assert (first["max_bytes"], first["expires_in_s"]) == (1_000_000, EXPIRES_IN_S)
    conditions = json.loads(base64.b64decode(first["fields"]["policy"]))["conditions"]
    for condition in (
        ["content-length-range", 1, 1_000_000],
        ["starts-with", "$Content-Type", "image/"],
        {"bucket": BUCKET},
        {"key": first["fields"]["key"]},
    ):
        assert condition in conditions


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("s3://other-bucket/there", 403, "source_forbidden"),
        (f"s3://{BUCKET}.evil/uploads/there", 403, "source_forbidden"),
        (f"s3://{BUCKET}/photos/there", 403, "source_forbidden"),
        (f"s3://{BUCKET}/uploads/not-there", 404, "object_not_found"),
        (f"s3://{BUCKET}/uploads/there?versionId=none", 404, "object_not_found"),
        (f"s3://{BUCKET}/uploads/there", 415, "unsupported_media_type"),
        (f"s3://{BUCKET}/uploads/large", 413, "too_many_bytes"),
        (f"s3://{BUCKET}/", 400, "malformed_body"),
        (f"s3://{BUCKET}", 400, "malformed_body"),
        ("s3://", 400, "malformed_body"),
        ("s3:///key", 400, "malformed_body"),
    ],
)
def test_invalid_s3_url_gets_an_error(with_bucket: TestClient, url: str, status: int, code: str) -> None:
    answer = tag(with_bucket, url)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_s3_failure_gets_503_with_retry_after(
    with_bucket: TestClient, cloud: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SDK_UA_APP_ID", "faulty")
    cloud.faults.errors = 1.0
    answer = tag(with_bucket, f"s3://{BUCKET}/uploads/there")
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert answer.headers["retry-after"] == "1"


def test_without_a_bucket_uploads_and_s3_urls_get_501(client: TestClient) -> None:
    for answer in (client.post("/uploads"), tag(client, "s3://upload-bucket/there")):
        assert (answer.status_code, answer.json()["code"]) == (501, "source_not_supported")


def test_embed_reads_from_the_bucket(with_bucket: TestClient, cat_png: bytes) -> None:
    boto3.client("s3").put_object(Bucket=BUCKET, Key="uploads/cat.png", Body=cat_png)
    assert with_bucket.post("/embed", json={"inputs": f"s3://{BUCKET}/uploads/cat.png"}).json()["dim"] == 24
    answer = with_bucket.post("/embed", json={"inputs": "s3://other-bucket/there"})
    assert (answer.status_code, answer.json()["code"]) == (403, "source_forbidden")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("s3://b/a b+c%20/ü", S3Object("b", "a b+c%20/ü")),
        ("s3://b/k?versionId=v.1_-", S3Object("b", "k", "v.1_-")),
        ("s3://b/k?x=1", S3Object("b", "k?x=1")),
        ("s3://b//k", S3Object("b", "/k")),
    ],
)
def test_parse_s3_url(url: str, expected: S3Object) -> None:
    assert parse_s3_url(url) == expected
