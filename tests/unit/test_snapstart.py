"""Simulates SnapStart: a process runs the init phase, and two forks of it answer requests as restored processes."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.programs import ROOT, run

# Replaces snapshot_restore_py, which only AWS's base images have, and the runtime that calls the hooks.
SIMULATION = """
import asyncio, json, os, random, sys, time, types, warnings

warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of forks of processes that have threads
hooks = types.ModuleType("snapshot_restore_py")
registered = {"before": [], "after": []}
hooks.register_before_snapshot = lambda function, *arguments: registered["before"].append((function, arguments))
hooks.register_after_restore = lambda function, *arguments: registered["after"].append((function, arguments))
sys.modules["snapshot_restore_py"] = hooks

def call_hooks(kind):
    for function, arguments in registered[kind]:
        function(*arguments)

class Context:
    aws_request_id = None  # so the middleware creates an id

import function.handler
import torch
from function.clip import inference_thread
call_hooks("before")
sys.stdout.flush()
report = {"boto3": "boto3" in sys.modules, "hooks": {kind: len(each) for kind, each in registered.items()}}
print("INIT", json.dumps(report), flush=True)
request = json.load(open("events/rest-tag-multipart.json"))
labels = json.load(open("events/rest-tag-json.json"))
body = json.loads(labels["body"])
body["parameters"] = {"candidate_labels": ["a cat", "a dog"]}
labels["body"] = json.dumps(body)
real = time.perf_counter
for child in range(2):
    if os.fork() == 0:
        time.perf_counter = lambda: real() + 30 * 86_400  # a month after the snapshot
        inference_thread.available_cpus.__defaults__ = (inference_thread.Path(sys.argv[1]),)
        threads, set_num_threads = [], torch.set_num_threads
        torch.set_num_threads = lambda count: (threads.append(count), set_num_threads(count))
        call_hooks("after")
        asyncio.set_event_loop(asyncio.new_event_loop())
        answers = [function.handler.handler(event, Context()) for event in (request, labels)]
        print("RESTORED", json.dumps({"answers": answers, "random": random.random(), "threads": threads}), flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def output(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The lines that the simulation prints, its log included."""
    one_cpu = tmp_path_factory.mktemp("cgroup") / "cpu.max"
    one_cpu.write_text("100000 100000")
    environment = {"MODEL_DIR": str(small_model), "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start", "HOME": "/tmp"}  # noqa: S108 - as in the image
    environment |= {"PATH": "/usr/bin:/bin", "METRICS_NAMESPACE": "Tests", "PYTHONPATH": str(ROOT)}
    variables = [f"{name}={value}" for name, value in environment.items()]
    program = (sys.executable, "-c", SIMULATION, str(one_cpu))
    return run("env", "--ignore-environment", *variables, *program, timeout_s=120).splitlines()


def reports(output: list[str], kind: str) -> list[Any]:
    return [json.loads(line.removeprefix(kind)) for line in output if line.startswith(kind + " ")]


def lines(output: list[str], field: str) -> list[Any]:
    """Return the JSON lines of the log that have a field."""
    documents = [json.loads(line) for line in output if line.startswith("{")]
    return [document for document in documents if field in document]


def test_no_aws_client_or_credential_is_in_the_snapshot(output: list[str]) -> None:
    (init,) = reports(output, "INIT")
    assert init == {"boto3": False, "hooks": {"before": 1, "after": 1}}


def test_restored_processes_answer_and_share_no_id(output: list[str]) -> None:
    restored = reports(output, "RESTORED")
    answers = [answer for each in restored for answer in each["answers"]]
    assert [answer["statusCode"] for answer in answers] == [200] * 4
    ids = {answer["headers"]["x-request-id"] for answer in answers}
    assert len(ids) == 4
    assert len({each["random"] for each in restored}) == 2


def test_the_text_encoder_is_loaded_before_the_snapshot(output: list[str]) -> None:
    for restored in reports(output, "RESTORED"):
        timing = restored["answers"][1]["headers"]["server-timing"]
        assert "text" in timing
        assert "load" not in timing


def test_a_restored_process_counts_its_cpus_again(output: list[str]) -> None:
    assert [each["threads"] for each in reports(output, "RESTORED")] == [[1], [1]]


def test_the_first_request_logs_the_restore_and_not_the_age_of_the_snapshot(output: list[str]) -> None:
    logged = [(line["cold_start"], line.get("start_type")) for line in lines(output, "cold_start")]
    assert logged == [(True, "restore"), (False, None)] * 2
    assert all(line["start_ms"] < 10_000 for line in lines(output, "start_type"))
    assert [line["Restore"] for line in lines(output, "Restore")] == [[1], [1]]
