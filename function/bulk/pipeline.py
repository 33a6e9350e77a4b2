"""A batch of objects to results: while some are encoded, the next are read and decoded, and the last are recorded.

For each object, in this order: the result that is there already; else read, decode, encode; object tags, if wanted; an
event; the result. The result comes last: where it is, all is done, and whatever fails before is done again.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import Any

from function.bulk import object_tags
from function.bulk.eventbridge import Announcer
from function.bulk.messages import unique
from function.bulk.results import Result, Results
from function.errors import (
    ImageError,
    ItemsUnfinished,
    MissingImage,
    ObjectNotFound,
    RequestError,
    UnsupportedMediaType,
)
from function.images.preprocess import PreparedImage
from function.s3 import ObjectStore, S3Object
from function.tagging.tagger import Tagger

# Images encoded at once, and recorded by one thread. On two cores a picture takes a fifth less of their time than
# alone; more at once saves no more.
BATCH_SIZE = 16
# With fewer the encoder waits for more, if any are on their way.
_WORTH_IT = BATCH_SIZE // 2
# Reading waits for S3; a decoder holds a whole picture, 50 megapixels being some 350 MB on the way to RGB.
_READERS, _DECODERS, _WRITERS = 8, 2, 4
_NICE = 10
# Seconds to encode and record a batch: with less than that left, none is begun.
_MARGIN_S = 5.0
# Of those, what is left for the answer.
_LAST_S = 1.0

Outcome = Result | Exception
# Objects, and what gives the seconds left, to the outcome of each object.
TagObjects = Callable[[Sequence[S3Object], Callable[[], float]], dict[S3Object, Outcome]]


@dataclass(frozen=True)
class _Read:
    """One object, read: its image, or the result that it has; `is_known` if that is recorded already."""

    source: S3Object
    image: PreparedImage | None = None
    result: Result | None = None
    is_known: bool = False


@dataclass
class _Run:
    """Where each object of one batch is: being read, waiting to be encoded, being recorded, done."""

    reading: dict[Future[_Read], S3Object]
    waiting: list[tuple[S3Object, _Read]] = field(default_factory=list)
    recording: dict[Future[list[Outcome]], list[S3Object]] = field(default_factory=dict)
    outcomes: dict[S3Object, Outcome] = field(default_factory=dict)

    @property
    def is_busy(self) -> bool:
        return bool(self.reading or self.waiting or self.recording)

    @property
    def is_ready(self) -> bool:
        """Whether it is time to encode: enough pictures wait to be worth it, or no more are on their way."""
        return len(self.waiting) >= (_WORTH_IT if self.reading else 1)

    def next_batch(self) -> list[tuple[S3Object, _Read]]:
        """Return what is to be encoded now: what waits, at most `BATCH_SIZE`."""
        batch, self.waiting = self.waiting[:BATCH_SIZE], self.waiting[BATCH_SIZE:]
        return batch

    def collect(self, timeout_s: float) -> None:
        """Wait until something is done, at most so long, and move on all that is."""
        pending: list[Future[Any]] = [*self.reading, *self.recording]
        done, _ = wait(pending, max(0.0, timeout_s), FIRST_COMPLETED)
        for read in [future for future in self.reading if future in done]:
            wanted = self.reading.pop(read)
            error = read.exception()
            if isinstance(error, Exception):
                self.outcomes[wanted] = error
            elif (known := read.result()).is_known and known.result is not None:
                self.outcomes[wanted] = known.result
            else:
                self.waiting.append((wanted, known))
        for recorded in [future for future in self.recording if future in done]:
            self.outcomes.update(zip(self.recording.pop(recorded), recorded.result(), strict=True))


def _step_back() -> None:
    """Let this thread have only what the encoder leaves: a product on all cores waits for the core that is taken away.

    Linux gives each thread a nice value of its own (setpriority(2), "C library/kernel differences").
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


class BulkTagger:
    """Tags the pictures of S3 objects. One batch at a time."""

    def __init__(  # noqa: PLR0913 - the parts of one service, put together in `bulk_handler` alone
        self,
        tagger: Tagger,
        store: ObjectStore,
        results: Results,
        announcer: Announcer,
        *,
        max_object_bytes: int,
        write_object_tags: bool,
    ) -> None:
        self._tagger, self._store, self._results, self._announcer = tagger, store, results, announcer
        self._max_object_bytes, self._write_object_tags = max_object_bytes, write_object_tags
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="read", initializer=_step_back)
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="write")
        self._decoders = BoundedSemaphore(_DECODERS)

    def tag(self, objects: Sequence[S3Object], remaining_s: Callable[[], float]) -> dict[S3Object, Outcome]:
        """Return for each of `objects` its result, or why it has none and is worth another try.

        A picture that is broken or gone has a result that says so. `remaining_s` gives the seconds left: nothing is
        begun that would not be ended, and what was not ended is ItemsUnfinished.
        """
        run = _Run({self._readers.submit(self._read, wanted): wanted for wanted in unique(objects)})
        while run.is_busy and remaining_s() > _MARGIN_S:
            run.collect(0.0 if run.is_ready else remaining_s() - _MARGIN_S)
            if run.is_ready:
                batch = run.next_batch()
                encoded = self._encode([read for _, read in batch])
                run.recording[self._writers.submit(self._finish, encoded)] = [wanted for wanted, _ in batch]
        wait(run.recording, max(0.0, remaining_s() - _LAST_S))
        run.collect(0.0)
        for late in run.reading:
            late.cancel()  # what has begun runs on: whatever is still recorded is there for the next try
        out_of_time = ItemsUnfinished("There was no time left for this object.")
        return {wanted: run.outcomes.get(wanted, out_of_time) for wanted in unique(objects)}

    def _read(self, wanted: S3Object) -> _Read:
        """Read and decode one object, unless it has a result.

        Raises StorageUnavailable.
        """
        source = wanted
        if self._results.owns(source):
            own = self._results.failed(source, UnsupportedMediaType("This object is a result, not an image."))
            return _Read(source, result=own, is_known=True)
        try:
            if source.version is None:
                source = self._store.resolve(source)
            if result := self._results.find(source):
                return _Read(source, result=result, is_known=True)
            source, data = self._store.fetch(source, self._max_object_bytes)
            if not data:
                raise MissingImage("The object is empty.")
            with self._decoders:
                return _Read(source, image=self._tagger.decode(data))
        except (RequestError, ImageError) as error:
            if source.version is None and (result := self._results.find(source)):
                return _Read(source, result=result, is_known=True)
            return _Read(source, result=self._results.failed(source, error))

    def _encode(self, batch: list[_Read]) -> list[tuple[S3Object, Result]]:
        """Return the result of each: what is an image is encoded, all of them at once."""
        images = [read.image for read in batch if read.image]
        tags = iter(self._tagger.tag_images(images) if images else [])
        return [
            (read.source, read.result if read.result is not None else self._results.tagged(read.source, next(tags)))
            for read in batch
        ]

    def _finish(self, batch: list[tuple[S3Object, Result]]) -> list[Outcome]:
        """Write object tags, send events, record results; return for each its result, or what went wrong."""
        outcomes: list[Outcome] = [self._attempt(self._write_tags, source, result) for source, result in batch]
        tagged = [i for i, outcome in enumerate(outcomes) if not isinstance(outcome, Exception)]
        errors = self._announcer.announce([batch[i][1] for i in tagged]) if tagged else []
        for i, error in zip(tagged, errors, strict=True):
            outcomes[i] = error or self._attempt(self._results.record, *batch[i])
        return outcomes

    def _attempt(self, step: Callable[[S3Object, Result], object], source: S3Object, result: Result) -> Outcome:
        try:
            step(source, result)
        except Exception as error:
            return error
        return result

    def _write_tags(self, source: S3Object, result: Result) -> None:
        if not self._write_object_tags or "error" in result:
            return
        with suppress(ObjectNotFound):  # deleted since it was read: it has its result all the same
            self._store.write_tags(source, object_tags.merged(self._store.tags(source), result["tags"]))


def monotonic_deadline(seconds: float) -> Callable[[], float]:
    """Return a function that gives what is left of so many seconds from now."""
    end = time.monotonic() + seconds
    return lambda: end - time.monotonic()
