"""Measure the subjects in turn in every round, so that other load on the machine affects all of them equally."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from tqdm import tqdm

from benchmarks.fixtures import OWN_LABELS, OWN_LABELS_PICTURE, PICTURES, ROOT, Files
from tools.server_process import free_port, serving

Samples = dict[tuple[str, str], list[float]]  # (subject, measure) -> values
# Threads spin after a call, those of ONNX Runtime for 40 ms. Wait, so that they do not slow down the next subject.
_PAUSE_S = 0.1
SERVERS = {
    "usual service": "benchmarks.usual_image.app:app",
    "pipeline": "benchmarks.usual_image.pipeline:app",
    "ONNX Runtime": "benchmarks.onnxruntime_service:app",
    "ours": "function.handler:app",
}
CALLERS = (1, 2, 4)
# Only the driver shows a progress bar.
_ENVIRONMENT = {**os.environ, "LOG_LEVEL": "INFO", "HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}


@dataclass
class Worker:
    """The driver's end of one subject."""

    name: str
    process: "subprocess.Popen[str]"
    can: dict[str, bool] = field(default_factory=dict)

    def call(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send one request and return the answer."""
        assert self.process.stdin  # noqa: S101
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.receive()

    def receive(self) -> dict[str, Any]:
        """Return the next message of the subject."""
        assert self.process.stdout  # noqa: S101
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"bench: {self.name} ended (exit code {self.process.wait()})")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def _worker(name: str, environment: Mapping[str, str]) -> Iterator[Worker]:
    process = subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-m", "benchmarks.worker", name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**_ENVIRONMENT, **environment},
    )
    try:
        worker = Worker(name, process)
        worker.can = worker.receive()
        yield worker
    finally:
        process.kill()
        process.wait()


def warm(
    names: Sequence[str],
    rounds: int,
    batch_rounds: int,
    pictures: Sequence[str] = tuple(PICTURES),
    environment: Mapping[str, str] | None = None,
) -> Samples:
    """Return milliseconds of encoding and of answering, and memory, of loaded subjects."""
    samples: Samples = {}
    with ExitStack() as stack:
        loading = tqdm(names, desc="loading", unit=" subject", disable=None)
        workers = [stack.enter_context(_worker(name, environment or {})) for name in loading]
        encoders = [worker for worker in workers if worker.can["encodes"]]
        services = [worker for worker in workers if worker.can["answers"]]
        # More rounds, because this is the shortest measure and the subjects differ least.
        _take_turns(samples, 3 * rounds, [Turn(worker, "encode_ms", {"encode": 1}) for worker in encoders])
        # Single images and batches share rounds, because other load on the machine changes from minute to minute.
        batches = {"encode_beside_batch_ms": 1, "encode_batch8_ms_per_image": 8}
        turns = [Turn(worker, measure, {"encode": n}, n) for worker in encoders for measure, n in batches.items()]
        _take_turns(samples, batch_rounds, turns)
        texts = [Turn(worker, "three_texts_ms", {"texts": True}) for worker in workers if worker.can["encodes_texts"]]
        _take_turns(samples, 3 * rounds if texts else 0, texts)
        for picture in pictures:
            turns = [Turn(worker, f"event_{picture}_ms", {"answer": picture}) for worker in services]
            _take_turns(samples, rounds, turns)
        for worker in services:
            memory = worker.call({"memory": True})
            samples[worker.name, "rss_steady_mb"] = [memory["rss_mb"]]
            samples[worker.name, "rss_peak_mb"] = [memory["peak_mb"]]
    return samples


@dataclass(frozen=True)
class Turn:
    """One worker's request in every round, the name of its measure, and its number of images."""

    worker: Worker
    measure: str
    request: dict[str, Any]
    images: int = 1


def _take_turns(samples: Samples, rounds: int, turns: Sequence[Turn]) -> None:
    """Add `rounds` values for each turn, after one round of warm-up that is not counted."""
    description = turns[0].measure if turns else None
    for i in tqdm(range(rounds + 1 if rounds else 0), desc=description, unit=" round", disable=None):
        for turn in turns:
            time.sleep(_PAUSE_S)
            answer = turn.worker.call(turn.request)
            for key, value in answer.items() if i else ():
                measure = turn.measure if key == "ms" else turn.measure.replace("_ms", f"_{key}")
                samples.setdefault((turn.worker.name, measure), []).append(value / turn.images)


def cold(names: Sequence[str], rounds: int, dropped: bool, own_labels: bool = False) -> Samples:
    """Return the cost of new processes until their first answer.

    `dropped`: the page cache is emptied first (needs root). `own_labels`: the requests contain their own labels.
    """
    kind = f"cold_{'dropped' if dropped else 'warm'}{'_own_labels' if own_labels else ''}"
    samples: Samples = {}
    for i in tqdm(range(rounds + (not dropped)), desc=kind, unit=" round", disable=None):
        for name in names:
            if dropped:
                os.sync()
                Path("/proc/sys/vm/drop_caches").write_text("3")
            taken = _cold_start(name, OWN_LABELS if own_labels else OWN_LABELS_PICTURE)
            if dropped or i:  # with a warm cache, the first round only fills it
                for measure, value in taken.items():
                    samples.setdefault((name, f"{kind}_{measure}"), []).append(value)
    return samples


def _cold_start(name: str, event: str) -> dict[str, float]:
    began = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.worker", name, "--cold", event]
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=_ENVIRONMENT
    ) as process:
        worker = Worker(name, process)
        taken = worker.receive()
        wall = time.perf_counter() - began
        answers = worker.receive()["answers_ms"]
    return {
        "wall_s": wall,
        "cpu_s": taken["cpu_s"],
        "read_mb": taken["read_mb"],
        "rss_peak_mb": taken["rss_mb"],
        "first_answer_ms": answers[0],
        "tenth_answer_ms": answers[-1],
    }


def can_drop_caches() -> bool:
    """Return whether this process may empty the page cache."""
    return os.access("/proc/sys/vm/drop_caches", os.W_OK)


def throughput(files: Files, names: Sequence[str], rounds: int, requests: int) -> Samples:
    """Return how many images per second local servers answer with 1, 2 and 4 concurrent callers."""
    samples: Samples = {}
    environment = {"MODEL": str(files.checkpoint), "MODEL_DIR": str(files.baked), "HF_HUB_OFFLINE": "1"}
    picture = ROOT / "events/cat.jpg"
    with ExitStack() as stack:
        servers: dict[str, int] = {}
        for name in tqdm(names, desc="serving", unit=" subject", disable=None):
            port = free_port()
            given = {**environment, "BAKED": str(files.baked)}
            if name == "ONNX Runtime":
                given |= {"MODEL": str(files.onnx), "TEXT_MODEL": str(files.text_onnx)}
            command = [sys.executable, "-m", "uvicorn", SERVERS[name], "--port", str(port), "--log-level", "error"]
            log = files.folder / f"{name.replace(' ', '-')}.log"
            stack.enter_context(serving(*command, port=port, log=log, environment=given, path="/openapi.json"))
            servers[name] = port
        for i in tqdm(range(rounds + 1), desc="throughput", unit=" round", disable=None):
            for callers in CALLERS:
                for name, port in servers.items():
                    rate = _rate(port, picture, callers, requests)
                    if i:
                        samples.setdefault((name, f"images_per_s_{callers}_callers"), []).append(rate)
    return samples


def _rate(port: int, picture: Path, callers: int, requests: int) -> float:
    """Return images per second for `requests` uploads of `picture` by `callers` concurrent callers."""
    data = picture.read_bytes()
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client, ThreadPoolExecutor(callers) as pool:

        def post(_: int) -> None:
            client.post("/tag", files={"file": ("cat.jpg", data, "image/jpeg")}).raise_for_status()

        began = time.perf_counter()
        list(pool.map(post, range(requests)))
        return requests / (time.perf_counter() - began)


def imports() -> dict[str, float]:
    """Return how many milliseconds importing the handler takes per top-level package (`-X importtime`)."""
    code = "import function.handler"
    environment = {**os.environ, "MODEL_DIR": str(Files().baked), "LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-X", "importtime", "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=True)  # noqa: S603
    spent: dict[str, float] = {}
    for line in result.stderr.splitlines():
        columns = line.removeprefix("import time:").split("|")
        if line.startswith("import time:") and columns[0].strip().isdigit():
            package = columns[2].strip().split(".")[0]
            spent[package] = spent.get(package, 0.0) + int(columns[0]) / 1000
    return spent


def stop_on_termination() -> None:
    """Exit on SIGTERM as on Ctrl-C, so that every subject is stopped."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
