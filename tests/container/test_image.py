"""The image holds what the function needs, and nothing else."""

import json
from typing import Any

import pytest

from tests.delivered import MODEL, ROOT, run

pytestmark = pytest.mark.container


def inside(image: str, script: str) -> str:
    """Return what a Python script prints in a fresh container of the image, as root; the base has few other tools."""
    command = ["docker", "run", "--rm", "-i", "--network=none", "--user=0", "--entrypoint=python3", image, "-"]
    return run(*command, stdin=script)


@pytest.fixture(scope="module")
def config(image: str) -> Any:
    return json.loads(run("docker", "image", "inspect", image))[0]["Config"]


@pytest.fixture(scope="module")
def packages(image: str) -> list[str]:
    names = "sorted(d.metadata['Name'].lower() for d in importlib.metadata.distributions())"
    return inside(image, f"import importlib.metadata; print(*{names})").split()


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


def test_no_compiler(image: str) -> None:
    compilers = ["cc", "gcc", "g++", "clang", "ld", "make", "nvcc"]
    assert inside(image, f"import shutil; print(*filter(None, map(shutil.which, {compilers})))").split() == []


def test_no_caches(image: str) -> None:
    folders = ["/root/.cache", "/tmp/hf", "/tmp/pip-*", "/build", "/requirements", "/src"]  # noqa: S108 - the image's
    assert inside(image, f"import glob; print(*(p for f in {folders} for p in glob.glob(f)))").split() == []


def test_only_the_function_of_the_repository(image: str) -> None:
    names = [path.name for path in ROOT.iterdir() if path.name != "function"]
    assert inside(image, f"import os; print(*set({names}) & set(os.listdir('/var/task')))").split() == []


def test_everybody_can_read_everything(image: str) -> None:
    script = """
import os, stat
for top in "/var/task", "/opt/model":
    for folder, _, names in os.walk(top):
        for path in [folder, *(os.path.join(folder, name) for name in names)]:
            needed = stat.S_IROTH | (stat.S_IXOTH if path == folder else 0)
            if os.stat(path).st_mode & needed != needed: print(path)
"""
    assert inside(image, script) == ""


def test_byte_code_is_compiled_and_never_checked(image: str) -> None:
    """A compiled file's flags (PEP 552) are 1 when neither its source's time nor its content is looked at."""
    script = """
import pathlib, sys
for source in pathlib.Path("/var/task").rglob("*.py"):
    compiled = source.parent / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.pyc"
    if not compiled.exists() or compiled.read_bytes()[4:8] != bytes([1, 0, 0, 0]): print(source)
"""
    assert inside(image, script) == ""


def test_model_is_the_one_asked_for(image: str) -> None:
    assert json.loads(inside(image, "print(open('/opt/model/manifest.json').read())"))["model_id"] == MODEL
