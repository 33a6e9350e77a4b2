"""`sam build`, and `sam local start-api` over what it built."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.delivered import MODEL, free_port, require_engine, run, serving

SAM = "scripts/sam.sh"


@pytest.fixture(scope="session")
def built() -> None:
    """The stack, built by SAM with the demo model instead of the default one."""
    require_engine()
    run(SAM, "build", "--parameter-overrides", f"ModelId={MODEL}", timeout_s=1800)


@pytest.fixture(scope="session")
def api(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:  # noqa: ARG001 - built first
    """A client of the API that `sam local` serves."""
    port = free_port()
    log = tmp_path_factory.mktemp("sam") / "start-api.log"
    with serving(SAM, "local", "start-api", "--port", str(port), port=port, log=log) as client:
        yield client
