"""The image holds what the function needs, and nothing else."""

import io
import json
from typing import Any

import pillow_heif
import pytest
from PIL import Image

from tests.delivered import MODEL, ROOT, run
from tools.make_events import PICTURE, Request, rest_event

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
    expected = {
        "HOME": "/tmp",  # noqa: S108 - the image's
        "HF_HOME": "/tmp/hf",  # noqa: S108
        "HF_HUB_OFFLINE": "1",
        "MODEL_DIR": "/opt/model",
        "TORCHINDUCTOR_CACHE_DIR": "/tmp",  # noqa: S108
    }
    assert {name: environment.get(name) for name in expected} == expected


def test_torch_is_the_cpu_build(packages: list[str]) -> None:
    assert "torch" in packages
    assert [name for name in packages if name.startswith(("nvidia", "triton", "cuda"))] == []


def test_no_developers_tools(packages: list[str]) -> None:
    assert {"pytest", "hypothesis", "uvicorn", "httpx", "scikit-image", "ruff", "mypy", "uv"} & set(packages) == set()


def test_no_compiler(image: str) -> None:
    compilers = ["cc", "gcc", "g++", "clang", "ld", "make", "nvcc"]
    assert inside(image, f"import shutil; print(*filter(None, map(shutil.which, {compilers})))").split() == []


def test_every_package_is_imported_at_run_time(image: str) -> None:
    """By one of the image's entry points, by the text tower, which is loaded for labels, or for one of the formats."""
    picture = io.BytesIO()
    pillow_heif.from_pillow(Image.open(PICTURE)).save(picture)
    event = rest_event(Request("POST", "/tag", picture.getvalue(), "image/heic", {"candidate_labels": "cat,car"}))
    script = f"""
import importlib.metadata, json, os, sys, types
os.environ["RESULTS_BUCKET"] = "bucket"
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
    assert json.loads(inside(image, script).splitlines()[-1]) == [200, []]


def test_any_tokenizer_loads(image: str) -> None:
    """A checkpoint may name another tokenizer than CLIP's, and only requests with labels would find out."""
    script = """
import json, pathlib, shutil
from transformers import AutoTokenizer
folder = pathlib.Path(shutil.copytree("/opt/model/text", "/tmp/text"))
config = json.loads(folder.joinpath("tokenizer_config.json").read_text())
for name in "BertTokenizer", "CLIPTokenizer", "GPT2Tokenizer":
    folder.joinpath("tokenizer_config.json").write_text(json.dumps({**config, "tokenizer_class": name}))
    print(type(AutoTokenizer.from_pretrained(folder)).__name__)
"""
    assert inside(image, script).split() == ["BertTokenizer", "CLIPTokenizer", "GPT2Tokenizer"]


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


def test_no_pickles(image: str) -> None:
    """Neither files that could be one, nor one unpickled by name: code runs only where `find_class` is asked for it."""
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
    """Python tells audit hooks of each class or function that a pickle asks for, which is how one runs code."""
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
    assert of_ours == 1, "the hook sees nothing"
