"""Single items are answered in batches; an error reaches the callers of its items only."""

import threading
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from function.bulk.micro_batcher import MicroBatcher


def test_items_that_arrive_together_are_one_batch() -> None:
    batches: list[list[int]] = []

    def double(items: list[int]) -> list[int]:
        batches.append(items)
        return [2 * item for item in items]

    batcher = MicroBatcher(double, max_items=4, max_wait_s=0.2)
    futures = [batcher.submit(i) for i in range(6)]
    assert [future.result() for future in futures] == [0, 2, 4, 6, 8, 10]
    assert batches == [[0, 1, 2, 3], [4, 5]]


def test_items_that_arrive_during_a_batch_are_the_next_batch() -> None:
    started, proceed = threading.Event(), threading.Event()
    sizes: list[int] = []

    def slow(items: list[int]) -> list[int]:
        sizes.append(len(items))
        started.set()
        proceed.wait(10)
        return items

    batcher = MicroBatcher(slow, max_items=16, max_wait_s=0.0)
    first = batcher.submit(0)
    assert started.wait(10)
    later = [batcher.submit(i) for i in range(1, 11)]
    proceed.set()
    assert [future.result(10) for future in (first, *later)] == list(range(11))
    assert sizes == [1, 10]


def test_an_exception_among_the_answers_is_raised_by_its_future_only() -> None:
    batcher: MicroBatcher[int, int] = MicroBatcher(
        lambda items: [ValueError("odd") if i % 2 else i for i in items], 8, 0.1
    )
    futures = [batcher.submit(i) for i in range(4)]
    assert [future.result() for future in futures[::2]] == [0, 2]
    for future in futures[1::2]:
        with pytest.raises(ValueError, match="odd"):
            future.result()


@pytest.mark.parametrize("answers", [[], [1, 2, 3]])
def test_a_failed_batch_fails_all_its_items_and_no_later_batch(answers: list[int]) -> None:
    results: list[list[int]] = [answers]
    batcher: MicroBatcher[int, int] = MicroBatcher(lambda items: results.pop() if results else items, 2, 0.05)
    failed = [batcher.submit(i) for i in range(2)]
    wait(failed)
    assert all(isinstance(future.exception(), ValueError) for future in failed)
    assert batcher.submit(7).result() == 7


def test_many_threads_get_the_answers_to_their_own_items() -> None:
    batcher: MicroBatcher[int, int] = MicroBatcher(lambda items: [-item for item in items], 5, 0.001)
    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(lambda i: batcher.submit(i).result(), range(500))) == [-i for i in range(500)]
