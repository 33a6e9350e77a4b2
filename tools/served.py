"""The service with the demo model, on a free port, for tools that document its answers or take screenshots."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from function.api.app import create_app
from function.api.middleware import logger
from function.settings import Settings
from function.tagging.tagger import Tagger

MODEL = Path(__file__).parent.parent / "models/demo"
_START_TIMEOUT_S = 60


@contextmanager
def served(model_dir: Path) -> Iterator[int]:
    """Serve the baked folder `model_dir` in a thread, without its log, and yield the port."""
    settings = Settings()
    tagger = Tagger.load(model_dir, settings.model_dtype, settings.max_image_pixels)
    server = uvicorn.Server(uvicorn.Config(create_app(tagger, settings), port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, name="service")
    level = logger.log_level
    logger.setLevel("ERROR")
    thread.start()
    try:
        yield _port(server, thread)
    finally:
        server.should_exit = True
        thread.join()
        logger.setLevel(level)


def _port(server: uvicorn.Server, thread: threading.Thread) -> int:
    """Wait until the server listens and return its port."""
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the service does not start")
        time.sleep(0.02)
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port
