"""Starts the handler in a new process, sends requests, and prints a report about both as JSON.

    python -m tests.support.fresh_start

tests/lambda/test_handler.py checks the report. One process serves all of its tests, because a start takes seconds.
"""

import gc
import importlib.metadata
import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

EVENTS = ("rest-tag-multipart", "rest-embed-texts")


def main() -> None:
    """Print the report as the last line, after the log."""
    report: dict[str, Any] = {"entry_point_scans": 0}

    def count_scan(**_: object) -> tuple[()]:
        report["entry_point_scans"] += 1
        return ()

    importlib.metadata.entry_points = count_scan  # type: ignore[assignment]
    before = _native_threads()
    from function import handler  # noqa: PLC0415 - this start is measured
    from function.api.page.document import read_page  # noqa: PLC0415

    report |= {"started": sorted(sys.modules), "cached_pages": read_page.cache_info().currsize}
    report |= {"gc_enabled": gc.isenabled(), "frozen_objects": gc.get_freeze_count()}
    report["threads_of_start"] = _native_threads() - before
    context = SimpleNamespace(aws_request_id="fresh")
    tag, embed = (json.loads(Path(f"events/{name}.json").read_text(encoding="utf-8")) for name in EVENTS)
    report["tags"] = json.loads(handler.handler(tag, context)["body"])
    report["tagged"] = sorted(sys.modules)
    picture = Path("events/cat.jpg").read_bytes()
    with ThreadPoolExecutor(4) as callers:
        list(callers.map(handler.tagger.tag, [picture] * 8))
        report["threads_of_requests"] = _native_threads() - before - report["threads_of_start"]
    report["idle_cpu_s"] = [_idle_cpu_s(lambda: handler.tagger.tag(picture)) for _ in range(10)]
    report["embeddings"] = json.loads(handler.handler(embed, context)["body"])["embeddings"]
    sys.stdout.write(f"{json.dumps(report)}\n")


def _native_threads() -> int:
    """Return the number of threads that Python did not start (Linux only)."""
    return len(list(Path("/proc/self/task").iterdir())) - threading.active_count()


def _idle_cpu_s(request: Any) -> float:
    """Return the CPU time that this process uses in 20 ms after a request."""
    request()
    start = time.process_time()
    time.sleep(0.02)
    return time.process_time() - start


if __name__ == "__main__":
    main()
