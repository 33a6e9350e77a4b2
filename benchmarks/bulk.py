"""Bulk beside one at a time: the same pictures through the bulk function and through the API's handler, in turns.

    python -m benchmarks.bulk [--rounds N] [--pictures N] [--out FILE]

Both use one process, one full-size model and all cores. Objects and results are kept in memory instead of in S3, and
every call that would go to S3 or EventBridge takes `LATENCY_S`. The exit code is 1 if bulk is not faster by `LIMIT`.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

from benchmarks.fixtures import ROOT, Files, prepare, uploaded
from benchmarks.report import cpu_name, write_json
from function.bulk.pipeline import BulkTagger
from function.bulk.results import Result, Results
from function.errors import ObjectNotFound, StorageUnavailable
from function.s3 import ObjectStore, S3Object
from function.settings import Settings

LIMIT = 1.2
# Seconds that a small request to S3 takes from a function in the same region; a typical published figure.
LATENCY_S = 0.03
BATCH = 48  # as in infra/backfill.asl.yaml


class _Memory(ObjectStore):
    """Objects in memory: every picture exists, results are kept for one round."""

    def __init__(self, picture: bytes) -> None:
        self._picture, self._results = picture, dict[str, bytes]()

    def fetch(self, s3_object: S3Object, max_bytes: int) -> tuple[S3Object, bytes]:  # noqa: ARG002 - as in the base
        time.sleep(LATENCY_S)
        if s3_object.bucket == "photos":
            return s3_object, self._picture
        if s3_object.key not in self._results:
            raise ObjectNotFound(f"{s3_object} is not there.")
        return s3_object, self._results[s3_object.key]

    def create(self, bucket: str, key: str, body: bytes) -> None:  # noqa: ARG002 - as in the base
        time.sleep(LATENCY_S)
        self._results[key] = body

    def forget(self) -> int:
        """Forget all results; return how many there were."""
        count = len(self._results)
        self._results.clear()
        return count


def _publish(results: Sequence[Result]) -> list[StorageUnavailable | None]:
    """Take as long as an event bus, and drop the events."""
    time.sleep(LATENCY_S)
    return [None] * len(results)


def main() -> int:
    """Run the command line; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bulk", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=8, help="default: %(default)s")
    parser.add_argument("--pictures", type=int, default=BATCH, help="in each round (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=ROOT / "build/bulk.json", help="default: build/bulk.json")
    options = parser.parse_args()
    files = Files()
    prepare(files, full=False)
    os.environ |= {"MODEL_DIR": str(files.baked), "LOG_LEVEL": "WARNING"}
    measured = {name: _compare(files, name, options.rounds, options.pictures) for name in ("0.2mp_jpeg", "12mp_jpeg")}
    report = {"cpu": cpu_name(), "cores": os.cpu_count(), "latency_ms": LATENCY_S * 1000, "pictures": measured}
    write_json(report, options.out)
    print(json.dumps(report, indent=2))
    slow = [name for name, figures in measured.items() if figures["ratio"] < LIMIT]
    if slow:
        print(f"bulk is not {LIMIT} times as fast: {', '.join(slow)}", file=sys.stderr)
    return 1 if slow else 0


def _compare(files: Files, name: str, rounds: int, pictures: int) -> dict[str, float]:
    """Return medians over `rounds`, milliseconds of wall and of CPU a picture, and the median ratio of a round."""
    from function.handler import handler, tagger  # noqa: PLC0415 - it loads the model that the environment names

    event = json.loads(files.event(name).read_text(encoding="utf-8"))
    store = _Memory(uploaded(event))
    results = Results(store, "results", tagger.manifest)
    bulk = BulkTagger(tagger, store, results, _publish, Settings())

    def by_bulk() -> None:
        for start in range(0, pictures, BATCH):
            objects = [S3Object("photos", str(i), str(i)) for i in range(start, min(start + BATCH, pictures))]
            outcomes = bulk.tag(objects, lambda: 600.0)
            _require(all(isinstance(outcome, dict) and "tags" in outcome for outcome in outcomes.values()))
        _require(store.forget() == pictures)

    def by_api() -> None:
        for _ in range(pictures):
            _require(handler(event, SimpleNamespace(aws_request_id="1"))["statusCode"] == 200)

    samples: dict[str, list[tuple[float, float]]] = {"bulk": [], "api": []}
    for _ in range(rounds):
        for way, run in (("api", by_api), ("bulk", by_bulk)):
            wall, cpu = time.perf_counter(), time.process_time()
            run()
            samples[way].append((time.perf_counter() - wall, time.process_time() - cpu))
    figures = {
        f"{way}_{kind}_ms": round(statistics.median(each[i] for each in samples[way]) / pictures * 1000, 1)
        for way in samples
        for i, kind in enumerate(("wall", "cpu"))
    }
    # Ratios within a round, because other load on the machine changes from round to round.
    ratios = [api[0] / bulk[0] for api, bulk in zip(samples["api"], samples["bulk"], strict=True)]
    return {**figures, "ratio": round(statistics.median(ratios), 3)}


def _require(holds: bool) -> None:
    """Stop the benchmark if a call did not succeed."""
    if not holds:
        raise SystemExit("bench: a picture was not tagged")


if __name__ == "__main__":
    sys.exit(main())
