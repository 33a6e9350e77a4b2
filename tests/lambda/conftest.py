"""The real handler module, loaded with the small model."""

import asyncio
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.lambda_context import Context

Handler = Callable[[Any, Any], dict[str, Any]]


@pytest.fixture(scope="session")
def context() -> Context:
    return Context()


@pytest.fixture(scope="module")  # tests of other files may replace the thread's event loop
def handler(small_model: Path) -> Iterator[Handler]:
    loop = asyncio.new_event_loop()  # Mangum uses the thread's loop, or creates one and does not close it
    asyncio.set_event_loop(loop)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL_DIR", str(small_model))
        sys.modules.pop("function.handler", None)
        yield importlib.import_module("function.handler").handler
    sys.modules.pop("function.handler", None)
    asyncio.set_event_loop(None)
    loop.close()
