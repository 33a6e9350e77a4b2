"""The image contains what the function needs, and nothing else."""

import json
from typing import Any

import pytest
from PIL import Image

from tests.scripts.test_requirements import locked_names
from tests.support.programs import ROOT, run
from tools.fuzz.bombs import heic
from tools.make_events import PICTURE, Request, rest_event

pytestmark = pytest.mark.container


def inside(image: str, script: str) -> str:
    """Return the output of a Python script that runs as root in a new container. The base has few other tools."""
    command = ["docker", "run", "--rm", "-i", "--network=none", "--user=0", "--entrypoint=python3", image, "-"]
    return run(*command, stdin=script)


@pytest.fixture(scope="module")
def config(image: str) -> Any:
    return json.loads(run("docker", "image", "inspect", image))[0]["Config"]


@pytest.fixture(scope="module")
def packages(image: str) -> list[str]:
    names = "sorted(d.metadata['Name'].lower() for d in importlib.metadata.distributions())"
    return inside(image, f"import importlib.metadata; print(*{names})").split()


def test_environment_matches_lambda(config: Any) -> None:
    environment = dict(item.split("=", 1) for item in config["Env"])
    assert environment["HOME"] == "/tmp"  # noqa: S108 - the image's
    assert environment["MODEL_DIR"] == "/opt/model"
    assert [name for name in environment if name.startswith(("HF_", "TORCH"))] == []


def test_torch_is_the_cpu_build(packages: list[str]) -> None:
    assert "torch" in packages
    assert [name for name in packages if name.startswith(("nvidia", "triton", "cuda"))] == []


def test_no_transformers_and_no_package_that_only_the_bake_needs(image: str, packages: list[str]) -> None:
    for_the_bake = locked_names("bake.lock") - locked_names("runtime.lock")
    assert {"transformers", "huggingface-hub", "numpy", "sympy"} <= for_the_bake
    assert for_the_bake & set(packages) == set()
    modules = sorted({name.replace("-", "_") for name in for_the_bake})
    script = f"""
import pathlib
for init in pathlib.Path("/").rglob("__init__.py"):
    if init.parent.name in {modules} and "vendor" not in init.parent.parent.name: print(init)
"""
    assert inside(image, script) == ""


def test_no_compiler(image: str) -> None:
    compilers = ["cc", "gcc", "g++", "clang", "ld", "make", "nvcc"]
    assert inside(image, f"import shutil; print(*filter(None, map(shutil.which, {compilers})))").split() == []


def test_every_package_is_imported_at_run_time(image: str) -> None:
    """By an entry point of the image, by the text encoder, or by the decoder of a picture format."""
    picture, labels = heic(Image.open(PICTURE)), {"candidate_labels": "cat,car"}
    event = rest_event(Request("POST", "/tag", picture, "image/heic", labels))
    script = f"""
import importlib.metadata, json, os, sys, types
os.environ |= {{"RESULTS_BUCKET": "bucket", "AWS_DEFAULT_REGION": "eu-central-1"}}
from function import bulk_handler, handler, hook_handler
context = types.SimpleNamespace(aws_request_id="imports")
status = handler.handler(json.loads({json.dumps(event)!r}), context)["statusCode"]
imported = {{name.partition(".")[0] for name in sys.modules}}
unused = []
for package in importlib.metadata.distributions(path=["/var/task"]):
    modules = {{file.parts[0].partition(".")[0] for file in package.files if file.suffix in (".py", ".so")}}
    if not modules & imported: unused.append(package.name)
print(json.dumps([status, unused]))
"""
    # anyio imports idna only when it resolves a host name.
    assert json.loads(inside(image, script).splitlines()[-1]) == [200, ["idna"]]


def test_no_caches(image: str) -> None:
    folders = ["/root/.cache", "/tmp/hf", "/tmp/pip-*", "/build", "/requirements", "/src"]  # noqa: S108 - the image's
    assert inside(image, f"import glob; print(*(p for f in {folders} for p in glob.glob(f)))").split() == []


def test_only_the_function_of_the_repository(image: str) -> None:
    names = [path.name for path in ROOT.iterdir() if path.name != "function"]
    assert inside(image, f"import os; print(*set({names}) & set(os.listdir('/var/task')))").split() == []


def test_all_users_can_read_all_files(image: str) -> None:
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
    """The flags of a compiled file (PEP 552) are 1 if Python does not compare it with its source."""
    script = """
import pathlib, sys
for source in pathlib.Path("/var/task").rglob("*.py"):
    compiled = source.parent / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.pyc"
    if not compiled.exists() or compiled.read_bytes()[4:8] != bytes([1, 0, 0, 0]): print(source)
"""
    assert inside(image, script) == ""


def test_no_pickles(image: str) -> None:
    """No file has the suffix of a format that unpickles."""
    suffixes = (".pkl", ".pickle", ".pt", ".pth", ".bin", ".ckpt", ".joblib", ".npy", ".npz")
    script = f"""
import os
for top in "/var/task/function", "/opt/model":
    for folder, _, names in os.walk(top):
        for name in names:
            if name.endswith({suffixes}): print(os.path.join(folder, name))
"""
    assert inside(image, script) == ""


def test_nothing_is_unpickled_at_run_time(image: str) -> None:
    """Python reports to audit hooks every class and function that a pickle loads. A pickle runs code only like this."""
    labels = {"candidate_labels": "cat,car"}
    picture = PICTURE.read_bytes()
    events = [
        rest_event(Request("POST", "/tag", picture, "image/jpeg")),
        rest_event(Request("POST", "/tag", picture, "image/jpeg", labels)),
    ]
    script = f"""
import json, pickle, sys, types
seen = []
sys.addaudithook(lambda event, arguments: event == "pickle.find_class" and seen.append(arguments))
from function.handler import handler
context = types.SimpleNamespace(aws_request_id="audit")
statuses = [handler(event, context)["statusCode"] for event in json.loads({json.dumps(events)!r})]
before = list(map(str, seen))
pickle.loads(pickle.dumps(json.loads))
print(json.dumps([statuses, before, len(seen) - len(before)]))
"""
    statuses, unpickled, of_ours = json.loads(inside(image, script).splitlines()[-1])
    assert statuses == [200, 200]
    assert unpickled == []
    assert of_ours == 1, "the hook reports nothing"
