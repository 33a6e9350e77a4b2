"""Lambda's poller sends a queue of pictures through the function, with faults, a crash and duplicates.

`make test` sends 50 pictures, `make bulk-soak` 1,000. BULK_PICTURES sets the number.
"""

import json
import os
import random
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import httpx2
import pytest

from function.tagging.tagger import Tagger
from tests.bulk.conftest import create_buckets
from tests.support.aws import PHOTOS, RESULTS, environment
from tests.support.bulk_output import IMAGE_TAGGED, drain, queue_arn, queue_of_events, results
from tests.support.poller import Poller, Worker
from tools.server_process import free_port, serving

PICTURES = int(os.environ.get("BULK_PICTURES", "50"))
# With this many pictures, memory after the second hundred and after the last hundred is compared.
MEASURED = 500
BROKEN = DUPLICATES = PICTURES // 10
FAULTS = {"errors": 0.05, "cut": 0.02, "slow": 0.01, "slow_s": 0.3}
FOLDER = Path(__file__).parents[1] / "pictures"
# The template has six times the function's timeout, which is too long for a test.
VISIBILITY_S, MAX_RECEIVES = 3, 20


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[httpx2.Client]:
    """A client of moto in a separate process, so that it does not compete with the function for the interpreter."""
    port = free_port()
    command = (sys.executable, "-m", "tests.support.aws", str(port))
    with serving(*command, port=port, log=tmp_path / "aws.log", path="/faults") as client:
        yield client


class Cloud:
    """The template's buckets and queues, and the EventBridge rules that fill the queues."""

    def __init__(self) -> None:
        self.s3, self.sqs, events = create_buckets(), boto3.client("sqs"), boto3.client("events")
        self.dead = self.sqs.create_queue(QueueName="dead")["QueueUrl"]
        redrive = {"deadLetterTargetArn": queue_arn(self.sqs, self.dead), "maxReceiveCount": MAX_RECEIVES}
        attributes = {"VisibilityTimeout": str(VISIBILITY_S), "RedrivePolicy": json.dumps(redrive)}
        created = {"source": ["aws.s3"], "detail-type": ["Object Created"]}
        self.queue = queue_of_events(self.sqs, events, "uploads", created, **attributes)
        self.heard = queue_of_events(self.sqs, events, "heard", IMAGE_TAGGED)
        self.s3.put_bucket_notification_configuration(
            Bucket=PHOTOS, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )

    def upload(self, pictures: dict[str, bytes]) -> None:
        """Upload the pictures, and send a second message for every tenth one."""
        duplicates = set(random.Random(1).sample(sorted(pictures), DUPLICATES))  # noqa: S311
        for key, body in pictures.items():
            version = self.s3.put_object(Bucket=PHOTOS, Key=key, Body=body)["VersionId"]
            if key in duplicates:
                message = {"bucket": PHOTOS, "key": key, "version_id": version}
                self.sqs.send_message(QueueUrl=self.queue, MessageBody=json.dumps(message))


def make_pictures() -> tuple[dict[str, bytes], list[str]]:
    """Return drawings under awkward keys, and the keys of the tenth that is cut short or not a picture."""
    files = sorted(FOLDER.rglob("*.png"))
    pictures = {f"photos/{i:04d} {i % 7}+é%20.png": files[i % len(files)].read_bytes() for i in range(PICTURES)}
    broken = random.Random(2).sample(sorted(pictures), BROKEN)  # noqa: S311
    for i, key in enumerate(broken):
        pictures[key] = pictures[key][:-40] if i % 2 else b"poison"
    return pictures, broken


def test_each_picture_gets_one_result_despite_faults_a_crash_and_duplicates(
    aws: httpx2.Client, small_model: Path, small_tagger: Tagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(str(aws.base_url).rstrip("/")).items():
        monkeypatch.setenv(name, value)
    settings = {"MODEL_DIR": str(small_model), "RESULTS_BUCKET": RESULTS, "AWS_SDK_UA_APP_ID": "faulty"}
    with Worker(settings, tmp_path / "log") as worker:
        cloud, (pictures, broken) = Cloud(), make_pictures()
        cloud.upload(pictures)
        aws.post("/faults", json={**FAULTS, "hold_put": 5})
        poller = Poller(cloud.sqs, cloud.queue, worker)

        def kill_while_it_writes() -> None:
            """Kill the function while one of its writes of a batch's results is delayed."""
            deadline = time.monotonic() + 2
            while worker.starts == 1 and time.monotonic() < deadline:
                if aws.get("/faults").json()["held"]:
                    return worker.kill()
                time.sleep(0.01)

        while worker.starts == 1:
            assert poller.poll(kill_while_it_writes)
        poller.drain(timeout_s=600)
    written = results(cloud.s3, RESULTS)
    _check_results(written, pictures, broken, small_tagger)
    events = [json.loads(message["Body"])["detail"] for message in drain(cloud.sqs, cloud.heard)]
    counts = {
        "pictures": len(pictures),
        "broken": BROKEN,
        "messages": PICTURES + DUPLICATES,
        "deliveries": poller.received,
        "redeliveries": poller.received - PICTURES - DUPLICATES,
        "crashes": worker.starts - 1,
        "faults": aws.get("/faults").json()["counts"],
        "results": len(written),
        "events": len(events),
        "dead letters": len(drain(cloud.sqs, cloud.dead)),
        "pictures per second": round(PICTURES / poller.seconds, 1),
        **(_memory(poller.memory) if PICTURES >= MEASURED else {}),
    }
    print(json.dumps(counts, indent=2))  # noqa: T201 - shown by `make bulk-soak`
    assert {event["key"] for event in events} == set(pictures)
    assert (counts["results"], counts["crashes"], counts["dead letters"]) == (PICTURES, 1, 0)
    assert poller.deleted == PICTURES + DUPLICATES
    if PICTURES >= MEASURED:
        assert abs(counts["memory growth"]) <= 0.05


def _check_results(
    written: list[dict[str, Any]], pictures: dict[str, bytes], broken: list[str], tagger: Tagger
) -> None:
    """Assert that exactly one result was ever written for each picture, and that it is correct."""
    assert sorted(result["key"] for result in written) == sorted(pictures)
    expected_of = cache(lambda body: {tag.label: tag.score for tag in tagger.tag(body).tags})
    for result in written:
        if result["key"] in broken:
            assert result["error"]["code"] in {"undecodable_image", "unsupported_media_type"}
        else:
            scores = {tag["label"]: tag["score"] for tag in result["tags"]}
            assert scores == pytest.approx(expected_of(pictures[result["key"]]), abs=1e-4)


def _memory(samples: list[tuple[int, int]]) -> dict[str, Any]:
    """Return the mean memory over the second hundred messages and over the last hundred, MB, and its growth."""
    last = samples[-1][0]

    def mean(low: int, high: int) -> float:
        chosen = [size for done, size in samples if low < done <= high]
        return sum(chosen) / len(chosen) / 1e6

    second, final = mean(100, 200), mean(last - 100, last)
    return {
        "MB, second hundred": round(second, 1),
        "MB, last hundred": round(final, 1),
        "memory growth": round(final / second - 1, 4),
        "MB by hundreds": [round(mean(low, low + 100), 1) for low in range(0, last - 99, 100)],
    }
