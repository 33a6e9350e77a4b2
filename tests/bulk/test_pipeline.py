"""Each S3 object gets one recorded result and one event. S3 is moto over HTTP."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from function.bulk.pipeline import BATCH_SIZE, BulkTagger
from function.bulk.results import Results
from function.errors import ItemsUnfinished, StorageUnavailable
from function.s3 import ObjectStore, S3Object
from function.tagging.tagger import Tagger
from tests.support import bulk_output
from tests.support.aws import OLD_PHOTOS, PHOTOS, RESULTS, Aws
from tests.support.lambda_context import monotonic_deadline

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# Keys with characters that some step must escape.
KEYS = ["plain.jpg", "with space.jpg", "a+b%20c.jpg", "100%.jpg", "ключ/猫 é.jpg", "a//b/../c.jpg", "q?x=1&y#z.jpg"]


@pytest.fixture
def bulk(make_bulk: Callable[..., BulkTagger]) -> BulkTagger:
    return make_bulk()


def put(s3: "S3Client", key: str, body: bytes, bucket: str = PHOTOS) -> S3Object:
    answer = s3.put_object(Bucket=bucket, Key=key, Body=body)
    return S3Object(bucket, key, answer.get("VersionId"), answer["ETag"].strip('"'))


def run(bulk: BulkTagger, *objects: S3Object, seconds: float = 60) -> dict[S3Object, Any]:
    return bulk.tag(objects, monotonic_deadline(seconds))


def writes(s3: "S3Client", key: str) -> list[dict[str, Any]]:
    """Return every result that was written to a key."""
    return bulk_output.results(s3, RESULTS, key)


@pytest.mark.parametrize("key", KEYS)
def test_picture_gets_the_tags_of_the_tagger(
    s3: "S3Client", bulk: BulkTagger, results: Results, small_tagger: Tagger, cat_jpeg: bytes, key: str
) -> None:
    source = put(s3, key, cat_jpeg)
    result = run(bulk, source)[source]
    expected = {tag.label: tag.score for tag in small_tagger.tag(cat_jpeg).tags}
    assert {tag["label"]: tag["score"] for tag in result["tags"]} == pytest.approx(expected, abs=1e-4)
    assert {tag["of"] for tag in result["tags"] if tag["group"] == "fur"} == {"hamster"}
    assert (result["bucket"], result["key"]) == (PHOTOS, key)
    assert (result["version_id"], result["etag"]) == (source.version_id, source.etag)
    assert (result["model"], result["labels_digest"]) == ("small", small_tagger.manifest.labels_digest)
    assert writes(s3, results.key(source)) == [result]


def test_more_pictures_than_one_batch_are_all_tagged(
    s3: "S3Client", bulk: BulkTagger, small_tagger: Tagger, cat_jpeg: bytes, cat_png: bytes
) -> None:
    pictures = [(f"many/{i}", cat_png if i % 3 else cat_jpeg) for i in range(2 * BATCH_SIZE + 3)]
    outcomes = run(bulk, *(put(s3, key, body) for key, body in pictures))
    assert len(outcomes) == len(pictures)
    for (_, body), result in zip(pictures, outcomes.values(), strict=True):
        assert result["tags"][0]["score"] == pytest.approx(small_tagger.tag(body).tags[0].score, abs=1e-4)


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"no picture", "unsupported_media_type"), (b"\xff\xd8\xff\xe0 cut", "undecodable_image"), (b"", "missing_image")],
)
def test_a_broken_image_has_a_result_with_an_error(
    s3: "S3Client", bulk: BulkTagger, results: Results, body: bytes, code: str
) -> None:
    source = put(s3, f"broken/{code}", body)
    result = run(bulk, source)[source]
    assert result["error"]["code"] == code
    assert "tags" not in result
    assert writes(s3, results.key(source)) == [result]


def test_object_over_the_size_limit_is_not_read(
    s3: "S3Client", make_bulk: Callable[..., BulkTagger], cat_png: bytes
) -> None:
    source = put(s3, "large.png", cat_png)
    assert run(make_bulk(max_object_bytes=1000), source)[source]["error"]["code"] == "too_many_bytes"


def test_a_deleted_object_has_a_result_with_an_error(s3: "S3Client", bulk: BulkTagger, cat_jpeg: bytes) -> None:
    deleted = put(s3, "deleted", cat_jpeg)
    s3.delete_object(Bucket=PHOTOS, Key=deleted.key, VersionId=str(deleted.version_id))
    overwritten = put(s3, "overwritten", cat_jpeg, OLD_PHOTOS)
    put(s3, "overwritten", b"another", OLD_PHOTOS)
    never = S3Object(PHOTOS, "never")
    no_bucket, no_bucket_name = S3Object("no-such-bucket", "key"), S3Object("Not a bucket", "key")
    objects = (deleted, overwritten, never, no_bucket, no_bucket_name)
    codes = [result["error"]["code"] for result in run(bulk, *objects).values()]
    assert codes == ["object_not_found"] * len(objects)


def test_object_without_a_version_gets_the_result_of_its_current_version(
    s3: "S3Client", bulk: BulkTagger, results: Results, cat_jpeg: bytes
) -> None:
    source = put(s3, "listed", cat_jpeg)
    unknown = S3Object(PHOTOS, "listed")
    result = run(bulk, unknown)[unknown]
    assert (result["version_id"], result["etag"]) == (source.version_id, source.etag)
    assert run(bulk, source)[source] == result
    assert writes(s3, results.key(source)) == [result]


def test_the_same_object_is_tagged_once(
    s3: "S3Client", bulk: BulkTagger, results: Results, received_events: Callable[[], list[Any]], cat_jpeg: bytes
) -> None:
    source = put(s3, "once", cat_jpeg)
    received_events()
    first = run(bulk, source, source)[source]
    assert run(bulk, source)[source] == first
    assert writes(s3, results.key(source)) == [first]
    assert [event["detail"] for event in received_events()] == [first]


@pytest.mark.parametrize("bucket", [PHOTOS, OLD_PHOTOS])
def test_each_version_has_a_result_of_its_own(
    s3: "S3Client", bulk: BulkTagger, results: Results, cat_jpeg: bytes, cat_png: bytes, bucket: str
) -> None:
    old = put(s3, "versions", cat_jpeg, bucket)
    run(bulk, old)
    new = put(s3, "versions", cat_png, bucket)
    run(bulk, new)
    for source in (old, new):
        assert [result["etag"] for result in writes(s3, results.key(source))] == [source.etag]


def test_concurrent_workers_write_one_result(
    s3: "S3Client", make_bulk: Callable[..., BulkTagger], results: Results, cat_jpeg: bytes
) -> None:
    source, workers = put(s3, "race", cat_jpeg), [make_bulk() for _ in range(4)]
    threads = [threading.Thread(target=run, args=(worker, source)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(writes(s3, results.key(source))) == 1


def test_our_own_results_are_not_tagged(s3: "S3Client", bulk: BulkTagger, results: Results, cat_jpeg: bytes) -> None:
    source = put(s3, "loop", cat_jpeg)
    run(bulk, source)
    own = S3Object(RESULTS, results.key(source))
    assert "error" in run(bulk, own)[own]
    assert writes(s3, results.key(own)) == []


def test_each_model_and_each_set_of_labels_has_its_own_results(small_tagger: Tagger) -> None:
    source, manifest = S3Object(PHOTOS, "key", "version"), small_tagger.manifest
    changes: tuple[dict[str, Any], ...] = (
        {"labels_digest": "x"},
        {"revision": "x"},
        {"source": {}},
        {"temperatures": {"pet": 1.5}},
    )
    others = (replace(manifest, **change) for change in changes)
    keys = {Results(ObjectStore(), RESULTS, each).key(source) for each in (manifest, *others)}
    assert len(keys) == 5


def test_a_very_long_key_has_a_result(s3: "S3Client", bulk: BulkTagger, results: Results, cat_jpeg: bytes) -> None:
    source = put(s3, "猫" * 341, cat_jpeg)
    result = run(bulk, source)[source]
    assert writes(s3, results.key(source)) == [result]
    assert len(results.key(source).encode()) <= 1024


def test_object_tags_of_others_are_kept(s3: "S3Client", make_bulk: Callable[..., BulkTagger], cat_jpeg: bytes) -> None:
    source = put(s3, "tags", cat_jpeg)
    where: Any = {"Bucket": PHOTOS, "Key": "tags", "VersionId": source.version_id}
    s3.put_object_tagging(**where, Tagging={"TagSet": [{"Key": "owner", "Value": "me"}]})
    result = run(make_bulk(write_object_tags=True), source)[source]
    actual = {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(**where)["TagSet"]}
    best = next(tag for tag in result["tags"] if tag["group"] == "pet")
    assert actual["owner"] == "me"
    assert actual["pet-tagger:pet"] == f"{best['label']} {best['score']:.2f}"


@pytest.fixture
def faulty(cloud: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """S3 and EventBridge with faults for the clients that are created after this fixture."""
    monkeypatch.setenv("AWS_SDK_UA_APP_ID", "faulty")
    yield cloud
    cloud.faults.errors = cloud.faults.cut = cloud.faults.slow = 0.0


@pytest.mark.parametrize("fault", ["errors", "cut"])
def test_object_is_tagged_at_the_retry_after_s3_failed(
    s3: "S3Client", make_bulk: Callable[..., BulkTagger], results: Results, faulty: Aws, cat_jpeg: bytes, fault: str
) -> None:
    source, bulk = put(s3, f"trouble/{fault}", cat_jpeg), make_bulk()
    setattr(faulty.faults, fault, 1.0)
    assert isinstance(run(bulk, source)[source], StorageUnavailable)
    assert writes(s3, results.key(source)) == []
    setattr(faulty.faults, fault, 0.0)
    assert run(bulk, source)[source]["tags"]


def test_object_is_unfinished_if_time_runs_out(
    s3: "S3Client", make_bulk: Callable[..., BulkTagger], faulty: Aws, cat_jpeg: bytes
) -> None:
    known, new = put(s3, "in time", cat_jpeg), put(s3, "too late", cat_jpeg)
    bulk = make_bulk()
    run(bulk, known)
    assert isinstance(run(bulk, new, seconds=4)[new], ItemsUnfinished)
    faulty.faults.slow, faulty.faults.slow_s = 1.0, 2.0
    started = time.monotonic()
    assert isinstance(run(bulk, new, seconds=6)[new], ItemsUnfinished)
    assert time.monotonic() - started < 5.5
    faulty.faults.slow = 0.0
    outcomes = run(bulk, known, new)
    assert all("tags" in outcome for outcome in outcomes.values())
