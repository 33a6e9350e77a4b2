"""The image holds what the function needs, and nothing else."""

import json
from typing import Any

import pytest

from tests.delivered import MODEL, run

pytestmark = pytest.mark.container

_PACKAGES = "import importlib.metadata as m; print(*sorted(d.metadata['Name'].lower() for d in m.distributions()))"


def inside(image: str, script: str) -> str:
    """Return what a shell script prints in a fresh container of the image, as root."""
    return run("docker", "run", "--rm", "--network", "none", "--user", "0", "--entrypoint", "sh", image, "-c", script)


@pytest.fixture(scope="module")
def config(image: str) -> Any:
    return json.loads(run("docker", "image", "inspect", image))[0]["Config"]


@pytest.fixture(scope="module")
def packages(image: str) -> list[str]:
    return inside(image, f'python -c "{_PACKAGES}"').split()


def test_command_is_the_handler(config: Any) -> None:
    assert config["Cmd"] == ["function.handler.handler"]


def test_environment_is_lambdas(config: Any) -> None:
    environment = dict(item.split("=", 1) for item in config["Env"])
    expected = {"HOME": "/tmp", "HF_HOME": "/tmp/hf", "HF_HUB_OFFLINE": "1", "MODEL_DIR": "/opt/model"}  # noqa: S108
    assert {name: environment.get(name) for name in expected} == expected


def test_torch_is_the_cpu_build(packages: list[str]) -> None:
    assert "torch" in packages
    assert [name for name in packages if name.startswith(("nvidia", "triton", "cuda"))] == []


def test_no_developers_tools(packages: list[str]) -> None:
    assert {"pytest", "hypothesis", "uvicorn", "httpx", "scikit-image", "ruff", "mypy", "uv"} & set(packages) == set()


def test_no_compiler_and_no_pip_cache(image: str) -> None:
    assert inside(image, "command -v cc gcc g++ clang ld make; ls -d /root/.cache /tmp/* 2>/dev/null; true") == ""


def test_nothing_of_the_repository_but_the_function(image: str) -> None:
    files = inside(image, "cd /var/task; ls -d tests tools events scripts requirements Dockerfile .git models; true")
    assert files == ""


def test_everybody_can_read_everything(image: str) -> None:
    assert inside(image, "find /var/task /opt/model ! -type l ! -perm -o+r") == ""
    assert inside(image, "find /var/task /opt/model -type d ! -perm -o+rx") == ""


def test_byte_code_is_compiled_and_never_checked(image: str) -> None:
    """A compiled file's flags (PEP 552) are 1 when its source's time or content is not looked at."""
    script = (
        "import pathlib, sys; tag = sys.implementation.cache_tag\n"
        "for f in pathlib.Path('/var/task').rglob('*.py'):\n"
        "    c = f.parent / '__pycache__' / f'{f.stem}.{tag}.pyc'\n"
        "    if not c.exists() or c.read_bytes()[4:8] != bytes([1, 0, 0, 0]): print(f)\n"
    )
    assert inside(image, f'python - <<"PY"\n{script}PY\n') == ""


def test_model_is_the_one_asked_for(image: str) -> None:
    manifest = json.loads(inside(image, "cat /opt/model/manifest.json"))
    assert manifest["model_id"] == MODEL
