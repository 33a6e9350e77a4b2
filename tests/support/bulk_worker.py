"""Runs the bulk function in a separate process: reads one event per line, writes one answer per line.

    python -m tests.support.bulk_worker

An answer is `{"answer": ..., "rss_bytes": ...}`: the result of the handler, and the resident memory after it.
"""

import json
import os
import sys
from pathlib import Path

from tests.support.lambda_context import Context

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Serve until there are no more events."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # logs go to standard error
    from function.bulk_handler import handler  # noqa: PLC0415

    answers.write("ready\n")
    answers.flush()
    for line in sys.stdin:
        answer = handler(json.loads(line), Context())
        answers.write(json.dumps({"answer": answer, "rss_bytes": _resident_bytes()}) + "\n")
        answers.flush()


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]) * _PAGE_BYTES


if __name__ == "__main__":
    main()
