"""Log lines of the service as CloudWatch gets them."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from function.api.middleware import SERVICE, logger


@contextmanager
def log_lines() -> Iterator[list[dict[str, Any]]]:
    """Collect the log lines of this block."""
    lines: list[dict[str, Any]] = []
    formatter = logger.registered_formatter

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(formatter.format(record)))

    handler, underlying = Collect(), logging.getLogger(SERVICE)
    underlying.addHandler(handler)
    try:
        yield lines
    finally:
        underlying.removeHandler(handler)
