"""Collects single items from many threads into batches, because a batch is cheaper than its items one by one."""

import queue
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class MicroBatcher(Generic[Item, Answer]):
    """Calls `run_batch` on one thread with up to `max_items` items, in the order of `submit`.

    A batch that is not full waits `max_wait_s` seconds for more items. `run_batch` returns one answer for each item; an
    answer that is an exception is raised by its future, and an exception of `run_batch` by all futures of the batch.
    """

    def __init__(
        self, run_batch: Callable[[list[Item]], Sequence[Answer | Exception]], max_items: int, max_wait_s: float
    ) -> None:
        self._run_batch, self._max_items, self._max_wait_s = run_batch, max_items, max_wait_s
        self._queue: queue.SimpleQueue[tuple[Item, Future[Answer]]] = queue.SimpleQueue()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="batch")

    def submit(self, item: Item) -> Future[Answer]:
        """Add an item to the next batch; return the future of its answer."""
        future: Future[Answer] = Future()
        self._queue.put((item, future))
        self._thread.submit(self._answer_next_batch)  # does nothing if an earlier call takes the item
        return future

    def _answer_next_batch(self) -> None:
        batch = self._next_batch()
        if not batch:
            return
        items, futures = [item for item, _ in batch], [future for _, future in batch]
        try:
            answered = list(zip(futures, self._run_batch(items), strict=True))
        except Exception as error:
            answered = [(future, error) for future in futures]
        for future, answer in answered:
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    def _next_batch(self) -> list[tuple[Item, Future[Answer]]]:
        """Return the items of one batch; none if the queue is empty."""
        batch: list[tuple[Item, Future[Answer]]] = []
        end = time.monotonic() + self._max_wait_s
        with suppress(queue.Empty):
            while len(batch) < self._max_items:
                timeout = max(0.0, end - time.monotonic()) if batch else 0.0
                batch.append(self._queue.get(timeout=timeout))
        return batch
