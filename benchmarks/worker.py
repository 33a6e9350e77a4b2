"""Run one subject in a separate process: read requests as lines of JSON and write how long each one took.

python -m benchmarks.worker SUBJECT                serve the driver (measure.py) on standard input and output
python -m benchmarks.worker SUBJECT --cold EVENT   load, answer ten times, report the cost up to the first answer
"""

import json
import os
import re
import resource
import sys
import time
from typing import Any, TextIO

from benchmarks.fixtures import Files, memory_mb
from benchmarks.subjects import SUBJECTS, Subject

_COLD_ANSWERS = 10


def main() -> None:
    """Run the command line."""
    subject = SUBJECTS[sys.argv[1]]
    # Only messages for the driver go to standard output. The subject's log is discarded.
    driver = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    files = Files()
    if "--cold" in sys.argv:
        event = json.loads(files.event(sys.argv[3]).read_text())
        _cold(subject(files), event, driver)
    else:
        _serve(subject(files), files, driver)


def _cold(subject: Subject, event: dict[str, Any], driver: TextIO) -> None:
    """Report the CPU time and memory up to the first answer, then the duration of each of the first answers."""
    first = _answer(subject, event)["ms"]
    used = resource.getrusage(resource.RUSAGE_SELF)
    _send(
        driver,
        {
            "cpu_s": used.ru_utime + used.ru_stime,
            "rss_mb": memory_mb()["peak_mb"],  # ru_maxrss would include the parent's memory at the fork
            "read_mb": used.ru_inblock * 512 / 1e6,
        },
    )
    _send(driver, {"answers_ms": [first, *(_answer(subject, event)["ms"] for _ in range(_COLD_ANSWERS - 1))]})


def _serve(subject: Subject, files: Files, driver: TextIO) -> None:
    """Answer the driver's requests: `{"encode": n}`, `{"texts": true}`, `{"answer": event}`, `{"memory": true}`."""
    encoders: dict[int, Any] = {}
    events: dict[str, Any] = {}
    abilities = {"encodes": subject.encoder, "encodes_texts": subject.texts, "answers": subject.answer}
    _send(driver, {name: function is not None for name, function in abilities.items()})
    for line in sys.stdin:
        request = json.loads(line)
        if "encode" in request and subject.encoder:
            n = request["encode"]
            call = encoders.get(n) or encoders.setdefault(n, subject.encoder(n))
            _send(driver, {"ms": _milliseconds(call)})
        elif "texts" in request and subject.texts:
            _send(driver, {"ms": _milliseconds(subject.texts)})
        elif "answer" in request:
            name = request["answer"]
            if name not in events:
                events[name] = json.loads(files.event(name).read_text())
            _send(driver, _answer(subject, events[name]))
        else:
            _send(driver, memory_mb())


def _answer(subject: Subject, event: dict[str, Any]) -> dict[str, float]:
    """Return the duration of one answer, also without the encode if the response reports it. Exit if it is an error."""
    if subject.answer is None:
        raise SystemExit("this subject answers no events")
    began = time.perf_counter()
    response = subject.answer(event)
    took = (time.perf_counter() - began) * 1000
    if response["statusCode"] != 200:
        raise SystemExit(f"the subject answered {response['statusCode']}: {response['body'][:500]}")
    encode = re.search(r"encode;dur=([\d.]+)", json.dumps(response.get("multiValueHeaders") or response["headers"]))
    return {"ms": took, **({"overhead_ms": took - float(encode[1])} if encode else {})}


def _milliseconds(call: Any) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def _send(driver: TextIO, message: dict[str, Any]) -> None:
    """Write one message for the driver."""
    driver.write(json.dumps(message) + "\n")
    driver.flush()


if __name__ == "__main__":
    main()
