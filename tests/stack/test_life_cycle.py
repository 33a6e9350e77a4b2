"""A stack from `make stack` to `make stack-down`, with an update in between."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from function.hook_handler import problem_with, tag_photo
from tests.stack.conftest import Stack, command, running
from tests.support.programs import MODEL, ROOT, completed, require, run
from tests.support.waiting import wait_for
from tools.server_process import free_port
from tools.stack import emulator
from tools.stack.__main__ import STACK
from tools.stack.deployment import IMAGE, deploy
from tools.stack.emulator import Emulator

pytestmark = pytest.mark.e2e
OTHER_IMAGE = "pet-tagger:other-labels"
NO_DOCKER = {"DOCKER_HOST": "unix:///nonexistent"}


@pytest.fixture(scope="module")
def own_stack(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:  # noqa: ARG001 - built first
    """A stack that the tests of this module change, in their order, and remove."""
    with running(tmp_path_factory.mktemp("emulated") / "stack") as started:
        yield started


@pytest.fixture
def image_with_other_labels(tmp_path: Path) -> str:
    """The built image with a model folder whose labels have no cat."""
    labels = (ROOT / "function/labels.toml").read_text(encoding="utf-8")
    (tmp_path / "labels.toml").write_text(re.sub(r"\bcat\b", "tomcat", labels), encoding="utf-8")
    (tmp_path / "Dockerfile").write_text(f"FROM {IMAGE}\nCOPY model /opt/model\nRUN chmod -R a+rX /opt/model\n")
    bake = [sys.executable, "-m", "function.bake", "--model", MODEL, "--labels", str(tmp_path / "labels.toml")]
    run(*bake, "--out", str(tmp_path / "model"), timeout_s=300)
    run("docker", "build", "--tag", OTHER_IMAGE, str(tmp_path), timeout_s=300)
    return OTHER_IMAGE


def test_the_printed_curl_command_answers_with_tags(own_stack: Stack) -> None:
    (curl,) = re.findall(r"^  (curl .*)$", own_stack.printed, re.MULTILINE)
    answer = json.loads(own_stack.shell(curl).stdout)
    assert answer[0]["label"] == "cat"


def test_the_smoke_test_of_a_deployment_passes(own_stack: Stack) -> None:
    passed = own_stack.shell(f"scripts/smoke-test.sh {STACK}")
    assert passed.returncode == 0, passed.stderr


def test_the_hook_of_a_deployment_accepts_the_demo_model_without_tags(own_stack: Stack) -> None:
    tags, model = tag_photo(own_stack.client("lambda"), own_stack.outputs["TagFunctionArn"])
    assert (tags, model) == ([], "models/demo")
    assert problem_with(tags, model, "cat") == ""


def test_listens_on_the_loopback_and_the_bridge_only(own_stack: Stack) -> None:
    started = emulator.running(own_stack.folder)
    assert started is not None
    sockets = run(require("ss"), "-Hltnp").splitlines()
    owned = [line.split()[3].rpartition(":")[0] for line in sockets if _is_owned(line, started)]
    assert set(owned) == {"127.0.0.1", started.host_for_containers}


def test_an_update_with_other_labels_moves_the_api_to_them(own_stack: Stack, image_with_other_labels: str) -> None:
    started = emulator.running(own_stack.folder)
    assert started is not None
    with own_stack.api() as api:
        before = api.get("/health").json()["labels_digest"]
        assert "tomcat" not in api.get("/labels").text
        deploy(started, STACK, image_with_other_labels)
        assert "tomcat" in api.get("/labels").text
        assert api.get("/health").json()["labels_digest"] != before


def test_deleting_the_stack_keeps_both_buckets(own_stack: Stack) -> None:
    cloudformation, outputs = own_stack.client("cloudformation"), own_stack.outputs
    own_stack.client("s3").put_object(Bucket=outputs["UploadBucketName"], Key="keep.txt", Body=b"kept")
    cloudformation.delete_stack(StackName=STACK)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
    buckets = {bucket["Name"] for bucket in own_stack.client("s3").list_buckets()["Buckets"]}
    assert {outputs["UploadBucketName"], outputs["ResultsBucketName"]} <= buckets
    assert own_stack.client("lambda").list_functions()["Functions"] == []
    assert own_stack.client("sqs").list_queues().get("QueueUrls", []) == []


def test_down_leaves_no_process_container_or_file(own_stack: Stack) -> None:
    started = emulator.running(own_stack.folder)
    assert started is not None
    assert emulator.containers_of(started)
    down = ("down", "--folder", str(own_stack.folder))
    refused = completed(sys.executable, "-m", "tools.stack", *down, environment=NO_DOCKER)
    assert (refused.returncode, "Docker does not answer" in refused.stderr) == (1, True), refused.stderr
    assert emulator.is_alive(started)
    command(*down)
    assert emulator.containers_of(started) == []
    assert not emulator.is_alive(started)
    assert not own_stack.folder.exists()


@pytest.mark.parametrize(
    ("environment", "message"),
    [({"PATH": "/nowhere"}, "Docker is not installed"), (NO_DOCKER, "Docker does not answer"), ({}, "is in use")],
    ids=["no Docker", "Docker not running", "port in use"],
)
def test_says_what_is_missing(stack: Stack, tmp_path: Path, environment: dict[str, str], message: str) -> None:
    up = (sys.executable, "-m", "tools.stack", "up", "--folder", tmp_path / "stack", "--port", str(stack.port))
    refused = completed(*up, environment=environment, timeout_s=300)
    assert refused.returncode == 1
    assert message in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.usefixtures("built")
def test_an_interrupted_start_can_be_removed(tmp_path: Path) -> None:
    folder = tmp_path / "stack"
    log = folder / "ministack.log"
    options = ("--no-build", "--folder", str(folder), "--port", str(free_port()))
    up = [sys.executable, "-m", "tools.stack", "up", *options]
    with subprocess.Popen(up, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        wait_for(lambda: log.exists() and log.stat().st_size)
        started = emulator.running(folder)
        process.send_signal(signal.SIGINT)
        _, printed = process.communicate(timeout=60)
    command("down", "--folder", str(folder))
    assert (process.returncode, "make stack-down" in printed, "Traceback" in printed) == (130, True, False), printed
    assert started is not None
    assert not emulator.is_alive(started)


def _is_owned(line: str, started: Emulator) -> bool:
    """Return whether a process of the emulator has the socket that this line of `ss` describes."""
    return any(
        run("ps", "-o", "pgid=", "-p", pid).strip() == str(started.pid) for pid in re.findall(r"pid=(\d+)", line)
    )
