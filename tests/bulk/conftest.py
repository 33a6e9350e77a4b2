"""Buckets, a queue and a bus on this machine, and the bulk tagger with the small model."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from function.bulk.eventbridge import publish
from function.bulk.pipeline import BulkTagger
from function.bulk.results import Results
from function.s3 import ObjectStore
from function.settings import Settings
from function.tagging.tagger import Tagger
from tests.support import aws
from tests.support.aws import OLD_PHOTOS, PHOTOS, REGION, RESULTS
from tests.support.bulk_output import IMAGE_TAGGED, drain, queue_of_events

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@pytest.fixture(scope="module")
def cloud() -> Iterator[aws.Aws]:
    """moto's server, which boto3 finds by environment variables."""
    with aws.cloud() as application:
        yield application


@pytest.fixture(scope="module")
def s3(cloud: aws.Aws) -> "S3Client":  # noqa: ARG001 - must run first
    return create_buckets()


def create_buckets() -> "S3Client":
    """Create buckets for photos, for photos without versions, and for results, whose versions show double writes."""
    client = boto3.client("s3")
    for bucket in (PHOTOS, OLD_PHOTOS, RESULTS):
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    for bucket in (PHOTOS, RESULTS):
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return client


@pytest.fixture
def no_results(s3: "S3Client") -> None:
    """Deletes the results of earlier tests."""
    for version in s3.list_object_versions(Bucket=RESULTS).get("Versions", []):
        s3.delete_object(Bucket=RESULTS, Key=version["Key"], VersionId=version["VersionId"])


@pytest.fixture(scope="module")
def received_events(cloud: aws.Aws) -> Callable[[], list[dict[str, Any]]]:  # noqa: ARG001 - must run first
    """Returns the events that an EventBridge rule received since the last call."""
    sqs = boto3.client("sqs")
    url = queue_of_events(sqs, boto3.client("events"), "heard", IMAGE_TAGGED)
    return lambda: [json.loads(message["Body"]) for message in drain(sqs, url)]


@pytest.fixture(scope="module")
def handler(s3: "S3Client", small_model: Path) -> Iterator[Callable[[Any, Any], Any]]:  # noqa: ARG001 - must run first
    """The real handler module, loaded with the small model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL_DIR", str(small_model))
        patch.setenv("RESULTS_BUCKET", RESULTS)
        sys.modules.pop("function.bulk_handler", None)
        yield importlib.import_module("function.bulk_handler").handler
    sys.modules.pop("function.bulk_handler", None)


@pytest.fixture(scope="module")
def results(s3: "S3Client", small_tagger: Tagger) -> Results:
    store = ObjectStore()
    store.client = s3
    return Results(store, RESULTS, small_tagger.manifest)


@pytest.fixture(scope="module")
def make_bulk(cloud: aws.Aws, small_tagger: Tagger, results: Results) -> Callable[..., BulkTagger]:  # noqa: ARG001
    """Creates a bulk tagger with new clients. They read from the environment whether they are faulty."""

    def make(**settings: Any) -> BulkTagger:
        publisher = partial(publish, boto3.client("events"), "default")
        return BulkTagger(small_tagger, ObjectStore(), results, publisher, Settings(**settings))

    return make
