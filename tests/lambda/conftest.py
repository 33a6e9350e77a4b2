"""The real handler module, loaded with the small model."""

import asyncio
import importlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

Handler = Callable[[Any, Any], dict[str, Any]]


@dataclass
class LambdaContext:
    """The part of Lambda's context that the handlers use."""

    aws_request_id: str = "0f0f0f0f-1111-2222-3333-444444444444"
    function_name: str = "pet-tagger"
    memory_limit_in_mb: int = 3008
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:pet-tagger"


@pytest.fixture(scope="session")
def context() -> LambdaContext:
    return LambdaContext()


@pytest.fixture(scope="session")
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
