"""Fixtures: `sam build`, and `sam local start-api` with the built image."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support.programs import MODEL, require_engine, run
from tools.server_process import free_port, serving

SAM = "scripts/sam.sh"


@pytest.fixture(scope="session")
def built() -> None:
    """The stack, built by SAM with the demo model instead of the default one."""
    require_engine()
    run(SAM, "build", "--parameter-overrides", f"ModelId={MODEL}", timeout_s=1800)


@pytest.fixture(scope="session")
def api_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `sam local` and the function behind the API write their log."""
    return tmp_path_factory.mktemp("sam") / "start-api.log"


@pytest.fixture(scope="session")
def api(built: None, api_log: Path) -> Iterator[httpx2.Client]:  # noqa: ARG001 - built first
    """A client of the API that `sam local` serves."""
    port = free_port()
    with serving(SAM, "local", "start-api", "--port", str(port), port=port, log=api_log) as client:
        yield client
