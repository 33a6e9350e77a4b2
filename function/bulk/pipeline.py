"""Objects in S3 to recorded results.

`BulkTagger._tag_object` handles one object, in this order: return the result if there is one already; else read and
decode the object, encode it together with others, write object tags (optional), send an event, and record the result.
The result is recorded last, so an object with a result is complete, and a failed object can be tried again.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from threading import BoundedSemaphore

from function.bulk import object_tags
from function.bulk.eventbridge import MAX_EVENTS
from function.bulk.micro_batcher import MicroBatcher
from function.bulk.results import Result, Results
from function.errors import (
    ImageError,
    ItemsUnfinished,
    MissingImage,
    ObjectNotFound,
    RequestError,
    StorageUnavailable,
    UnsupportedMediaType,
)
from function.images.preprocess import PreparedImage
from function.s3 import ObjectStore, S3Object
from function.settings import Settings
from function.tagging.scoring import Tag
from function.tagging.tagger import Tagger

# Images encoded together. On two CPUs an image of a batch takes a fifth less time than alone. More do not save more.
BATCH_SIZE = 16
# Objects in work at the same time: one batch that is encoded, and the next ones that are read or recorded.
_OBJECTS = 2 * BATCH_SIZE
# Objects that are in memory as files. Each may have MAX_OBJECT_BYTES.
_READS = 8
# Objects that are decoded. A decoder holds a whole image: 50 megapixels are about 350 MB on the way to RGB.
_DECODERS = 2
# How long a batch that is not full waits for more. An image takes longer than this to encode.
_MAX_WAIT_S = 0.05
# Time to encode and record a batch. With less time left, an object is not started.
_MARGIN_S = 5.0
# Time to return the answer.
_ANSWER_S = 1.0

Outcome = Result | Exception
# Returns the seconds that are left for an invocation.
RemainingTime = Callable[[], float]
# Returns the outcome of each object.
TagObjects = Callable[[Sequence[S3Object]], dict[S3Object, Outcome]]
# Sends up to `MAX_EVENTS` events, and returns the error of each, None for success.
Publish = Callable[[Sequence[Result]], Sequence[StorageUnavailable | None]]


class BulkTagger:
    """Tags the images of S3 objects."""

    def __init__(
        self, tagger: Tagger, store: ObjectStore, results: Results, publish: Publish, settings: Settings
    ) -> None:
        self._tagger, self._store, self._results, self._settings = tagger, store, results, settings
        self._threads = ThreadPoolExecutor(_OBJECTS, thread_name_prefix="object")
        self._reads, self._decoders = BoundedSemaphore(_READS), BoundedSemaphore(_DECODERS)
        self._encoder: MicroBatcher[PreparedImage, list[Tag]] = MicroBatcher(tagger.tag_images, BATCH_SIZE, _MAX_WAIT_S)
        self._events: MicroBatcher[Result, None] = MicroBatcher(publish, MAX_EVENTS, _MAX_WAIT_S)

    def tag(self, objects: Sequence[S3Object], remaining_s: RemainingTime) -> dict[S3Object, Outcome]:
        """Return for each of `objects` its result, or the error that left it without one and is worth a retry.

        A broken or missing image has a result that contains the error. `remaining_s` returns the seconds left. An
        object that is not finished by then has the outcome ItemsUnfinished.
        """
        futures = {each: self._threads.submit(self._tag_object, each, remaining_s) for each in dict.fromkeys(objects)}
        wait(futures.values(), max(0.0, remaining_s() - _ANSWER_S))
        return {s3_object: _outcome(future) for s3_object, future in futures.items()}

    def _tag_object(self, s3_object: S3Object, remaining_s: RemainingTime) -> Result:
        """Return the result of one object.

        Raises StorageUnavailable if S3 or EventBridge fails, ItemsUnfinished if there is no time left.
        """
        if self._results.owns(s3_object):
            return self._results.failed(s3_object, UnsupportedMediaType("This object is a result, not an image."))
        _check_time(remaining_s)
        try:
            if s3_object.version is None:
                s3_object = self._store.resolve(s3_object)
            if existing := self._results.find(s3_object):
                return existing
            s3_object, image = self._read(s3_object)
            _check_time(remaining_s)
            result = self._results.tagged(s3_object, self._encoder.submit(image).result())
        except (RequestError, ImageError) as error:
            if s3_object.version is None and (existing := self._results.find(s3_object)):
                return existing
            result = self._results.failed(s3_object, error)
        if self._settings.write_object_tags and "tags" in result:
            self._tag_in_s3(s3_object, result)
        self._events.submit(result).result()
        self._results.record(s3_object, result)
        return result

    def _read(self, s3_object: S3Object) -> tuple[S3Object, PreparedImage]:
        """Return the image of an object, decoded, and the version that was read."""
        with self._reads:
            s3_object, data = self._store.fetch(s3_object, self._settings.max_object_bytes)
            if not data:
                raise MissingImage("The object is empty.")
            with self._decoders:
                return s3_object, self._tagger.decode(data)

    def _tag_in_s3(self, s3_object: S3Object, result: Result) -> None:
        """Write the best tags as object tags, unless the object was deleted meanwhile."""
        with suppress(ObjectNotFound):
            tags = object_tags.merged(self._store.tags(s3_object), result["tags"])
            self._store.write_tags(s3_object, tags)


def _check_time(remaining_s: RemainingTime) -> None:
    """Raise ItemsUnfinished if there is not enough time to encode and record an object."""
    if remaining_s() < _MARGIN_S:
        raise ItemsUnfinished("There was not enough time left for this object.")


def _outcome(future: Future[Result]) -> Outcome:
    """Return the result or the error of one object. A call that already runs goes on: its result serves the retry."""
    if future.cancel() or not future.done():
        return ItemsUnfinished("There was not enough time left for this object.")
    try:
        return future.result()
    except Exception as error:
        return error
