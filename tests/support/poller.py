"""Emulates the SQS poller of Lambda: receives, invokes, deletes finished messages, restarts a crashed process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.support.waiting import wait_for
from tools.bulk_events import sqs_event

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

_BATCH = 10


class Worker:
    """The function's process. It starts in the background; the first invocation waits for it."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._environment, self._log = environment, log
        self.starts = 0

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _start(self) -> None:
        self.starts += 1
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.bulk_worker"],
                env={**os.environ, **self._environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._is_ready = False

    def invoke(self, event: dict[str, Any], meanwhile: Callable[[], None] | None = None) -> dict[str, Any] | None:
        """Return the answer, or None if the process died. `meanwhile` is called during the invocation."""
        assert self._process.stdin and self._process.stdout
        if not self._is_ready:
            assert self._process.stdout.readline() == "ready\n", self._log.read_text()
            self._is_ready = True
        self._process.stdin.write(json.dumps(event) + "\n")
        self._process.stdin.flush()
        if meanwhile:
            meanwhile()
        line = self._process.stdout.readline()
        if not line:
            self._end()
            self._start()
            return None
        answer: dict[str, Any] = json.loads(line)
        return answer

    def kill(self) -> None:
        """Kill the process, as a crash does."""
        self._process.send_signal(signal.SIGKILL)

    def _end(self) -> None:
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()


@dataclass
class Poller:
    """One queue before one worker."""

    sqs: "SQSClient"
    url: str
    worker: Worker
    received: int = 0
    deleted: int = 0
    seconds: float = 0.0
    # Number of finished messages, and the memory of the worker in bytes at that time.
    memory: list[tuple[int, int]] = field(default_factory=list)

    def poll(self, meanwhile: Callable[[], None] | None = None) -> bool:
        """Receive and process one batch; return whether there was one."""
        answer = self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=_BATCH, AttributeNames=["All"], WaitTimeSeconds=0
        )
        messages = answer.get("Messages", [])
        if not messages:
            return False
        self.received += len(messages)
        started = time.perf_counter()
        reply = self.worker.invoke({"Records": [_record(message) for message in messages]}, meanwhile)
        self.seconds += time.perf_counter() - started
        if reply is None:  # nothing is deleted, so all messages are redelivered
            return True
        failed = {failure["itemIdentifier"] for failure in reply["answer"]["batchItemFailures"]}
        done = [message for message in messages if message["MessageId"] not in failed]
        if done:
            entries: Any = [{"Id": str(i), "ReceiptHandle": each["ReceiptHandle"]} for i, each in enumerate(done)]
            self.sqs.delete_message_batch(QueueUrl=self.url, Entries=entries)
        self.deleted += len(done)
        self.memory.append((self.deleted, reply["rss_bytes"]))
        return True

    def drain(self, timeout_s: float) -> None:
        """Poll until the queue has neither visible nor invisible messages."""

        def is_empty() -> bool:
            while self.poll():
                pass
            counts = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"]
            return counts["ApproximateNumberOfMessages"] == counts["ApproximateNumberOfMessagesNotVisible"] == "0"

        wait_for(is_empty, timeout_s)


def _record(message: Any) -> dict[str, Any]:
    """Return a message as Lambda passes it."""
    (record,) = sqs_event(message["Body"])["Records"]
    return {**record, "messageId": message["MessageId"], "attributes": message["Attributes"]}
