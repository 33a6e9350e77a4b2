"""Soak the image: send thousands of requests to one container with Lambda's limits, one in ten of them broken.

    python -m tools.soak [--image TAG] [--requests N] [--seed N]

Fails if a status is neither 200 nor 4xx, if the process ends, if its memory grows by more than 3 % in the second half
of the run, or if the 99th percentile of equal requests is over three times the median. The first half is the warm-up.
The root file system is read-only, the user is unprivileged, memory is 3,008 MB, and only the local port is open.
"""

import argparse
import http.client
import json
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from typing import Any

from tqdm import tqdm

from tools.fuzz import requests, seeds
from tools.make_events import PICTURE, Request, rest_event
from tools.stack.emulator import StackError, require_docker

_LIMITS = ("--read-only", "--tmpfs=/tmp", "--user=1051", "--memory=3008m", "--cap-drop=ALL")
_PATH = "/2015-03-31/functions/function/invocations"
# Prints the memory of the function's process, not of the emulator.
_RESIDENT = """
import pathlib
for path in pathlib.Path("/proc").glob("[0-9]*"):
    try:
        if b"function.handler" in (path / "cmdline").read_bytes() and b"python" in (path / "cmdline").read_bytes():
            line = next(l for l in (path / "status").read_text().splitlines() if l.startswith("VmRSS"))
            print(path.name, line.split()[1])
    except OSError:
        pass
"""
_EQUAL_EVERY = 10
_MAX_GROWTH, _MAX_SPREAD = 0.03, 3.0


def _docker(*arguments: str, text: str = "") -> str:
    command = ["docker", *arguments]
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)  # noqa: S603
    if result.returncode != 0:
        raise SystemExit(f"soak: docker {arguments[0]}: {result.stderr.strip()}")
    return result.stdout.strip()


def _resident(container: str) -> tuple[str, int]:
    """Return id and resident kilobytes of the largest process that runs the function."""
    lines = _docker("exec", "-i", container, "python3", "-", text=_RESIDENT).splitlines()
    pid, kilobytes = max((line.split() for line in lines), key=lambda line: int(line[1]))
    return pid, int(kilobytes)


def _invoke(port: int, event: Any) -> tuple[int, float]:
    """Return the status of the function's answer, and the seconds it took."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    started = time.perf_counter()
    connection.request("POST", _PATH, json.dumps(event))
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer.get("statusCode", 0), time.perf_counter() - started


def _until_it_answers(port: int, event: Any) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            _invoke(port, event)
            return
        except (OSError, http.client.HTTPException):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def soak(container: str, port: int, count: int, seed: int) -> list[str]:
    """Send `count` requests, print the figures, and return the failed checks."""
    rng = random.Random(seed)  # noqa: S311 - for repeatable runs, not for security
    sound = [event for event in seeds.events() if event.get("body") or rng.random() < 0.5]
    equal = rest_event(Request("POST", "/tag", PICTURE.read_bytes(), "image/jpeg"))
    _until_it_answers(port, equal)
    for event in sound:
        _invoke(port, event)
    pid, _ = _resident(container)
    statuses: Counter[int] = Counter()
    seconds, memory = [], []
    for i in tqdm(range(count), desc="soak", unit=" requests", disable=None):
        if i % _EQUAL_EVERY == 0:
            status, took = _invoke(port, equal)
            seconds.append(took)
        else:
            event = rng.choice(sound)
            broken = requests.damaged_body(rng, event) if event.get("body") else {**event, "path": "/nowhere"}
            status, _ = _invoke(port, broken if i % _EQUAL_EVERY == 1 else event)
        statuses[status] += 1
        if i % max(count // 200, 1) == 0:
            memory.append(_resident(container)[1] / 1024)
    tenth = max(len(memory) // 10, 1)
    half = len(memory) // 2
    middle, last = statistics.median(memory[half : half + tenth]), statistics.median(memory[-tenth:])
    growth = last / middle - 1
    median, slowest = statistics.median(seconds), statistics.quantiles(seconds, n=100)[-1]
    print(f"{count:,} requests: {dict(statuses)}")
    print(
        f"resident: {memory[0]:.0f} MB at first, {middle:.0f} MB in the middle, {last:.0f} MB at the end: {growth:+.1%}"
    )
    print(f"equal requests: median {median * 1000:.1f} ms, p99 {slowest * 1000:.1f} ms: {slowest / median:.1f} times")
    failures = [
        f"{n} answers of {status}" for status, n in statuses.items() if status != 200 and not 400 <= status < 500
    ]
    failures += [f"memory grew by {growth:.1%}"] if growth > _MAX_GROWTH else []
    failures += [f"p99 is {slowest / median:.1f} times the median"] if slowest > _MAX_SPREAD * median else []
    failures += ["the process was restarted"] if _resident(container)[0] != pid else []
    return failures


def main() -> int:
    """Run the command line; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--image", default="tagfunction:pet-tagger", help="made by `make build` (default: %(default)s)")
    parser.add_argument("--requests", type=int, default=20_000, metavar="N", help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    try:
        require_docker()
    except StackError as error:
        raise SystemExit(f"soak: {error}") from None
    _docker("image", "inspect", options.image)  # because `docker run` would try to download a missing image
    container = _docker("run", "--detach", *_LIMITS, "--publish=127.0.0.1::8080", options.image)
    try:
        port = int(_docker("port", container, "8080").splitlines()[0].rpartition(":")[2])
        failures = soak(container, port, options.requests, options.seed)
    finally:
        _docker("rm", "--force", container)
    print("\n".join(failures) or "no failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
