"""Programs that tests need. A test whose program is missing is skipped, or fails if CI requires the program."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MODEL = subprocess.run([ROOT / "scripts/demo-model.sh"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def require_engine() -> None:
    """Skip the test if no container engine answers, or fail it if $REQUIRE_ENGINE is set."""
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "info"], capture_output=True, check=False).returncode == 0:
        return
    if os.environ.get("REQUIRE_ENGINE"):
        pytest.fail("no container engine answers `docker info`", pytrace=False)
    pytest.skip("no container engine answers `docker info`")


def require(*names: str) -> str:
    """Return the path of a program, found under the first of `names` on PATH.

    If it is missing, skip the test, or fail it if $REQUIRE_TOOLS is set.
    """
    if path := next(filter(None, map(shutil.which, names)), None):
        return path
    missing = f"no {names[0]} on PATH"
    if os.environ.get("REQUIRE_TOOLS"):
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)


def completed(
    *command: str | Path,
    stdin: str = "",
    cwd: Path = ROOT,
    environment: Mapping[str, str] | None = None,
    timeout_s: float = 60,
) -> subprocess.CompletedProcess[str]:
    """Run a command, by default in the project's folder; return its exit code and output.

    `environment` is added to this process's environment variables.
    """
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def run(*command: str | Path, **options: Any) -> str:
    """Return the output of a command, run as `completed` does; fail the test if the command fails."""
    result = completed(*command, **options)
    if result.returncode != 0:
        words = " ".join(map(str, command))
        pytest.fail(f"{words}: exit code {result.returncode}\n{result.stdout}\n{result.stderr}", pytrace=False)
    return result.stdout
