"""Tries inputs in a child process, so that a crash, a hang or too much memory does not end the fuzzer.

The child (`tools.fuzz.child`) tries one input after another until it crashes, and measures CPU and memory of each.
"""

import json
import os
import select
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

Target = Literal["picture", "event"]

# Limits for one input, in CPU seconds, because wall-clock time depends on other processes. On a slow machine the limit
# is a multiple of the time for decoding and resizing the largest plain PNG, measured on the same machine.
MAX_CPU_SECONDS = 2.0
MAX_CPU_OF_LARGEST_PNG = 4.0
# The largest valid picture takes 850 MB. With 600 MB for the model it fits into the default memory of 3,008 MB.
MAX_GROWTH_MB = 1100
# Timeout, because a child that sleeps uses no CPU time.
_MAX_WALL_SECONDS = 60
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    """The result of one input. `answer` is an error code, `ok` or an HTTP status. Growth is since the child started."""

    answer: str
    cpu_seconds: float = 0.0
    allowed_cpu_seconds: float = MAX_CPU_SECONDS
    growth_mb: float = 0.0

    @property
    def failure(self) -> str:
        """The reason why the input failed, empty if it passed."""
        if self.answer.startswith(("crash", "hang", "500", "unexpected")):
            return self.answer
        if self.cpu_seconds > self.allowed_cpu_seconds:
            limit = f"the limit on this machine is {self.allowed_cpu_seconds:.1f} s"
            return f"{self.cpu_seconds:.1f} s of CPU; {limit} ({self.answer})"
        if self.growth_mb > MAX_GROWTH_MB:
            return f"{self.growth_mb:.0f} MB of memory; the limit is {MAX_GROWTH_MB} MB ({self.answer})"
        return ""


class Sandbox:
    """A child process that tries one input after another. It is restarted after a crash."""

    def __init__(self, target: Target, model: Path | None = None) -> None:
        """Prepare a child for `target`. The target `event` needs the baked `model`."""
        self._target = target
        self._environment = {**os.environ, **({"MODEL_DIR": str(model)} if model else {})}
        self._child: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def of(cls, target: Target, model: Path | None = None) -> Iterator[Self]:
        """Yield a sandbox, and stop its child at the end."""
        sandbox = cls(target, model)
        try:
            yield sandbox
        finally:
            sandbox.end()

    def run(self, data: bytes) -> Outcome:
        """Try one input and return its outcome."""
        child = self._started()
        assert child.stdin is not None  # noqa: S101 - both are pipes
        assert child.stdout is not None  # noqa: S101
        try:
            child.stdin.write(struct.pack(">I", len(data)) + data)
            child.stdin.flush()
        except BrokenPipeError:
            return self._died(child)
        if not select.select([child.stdout], [], [], _MAX_WALL_SECONDS)[0]:
            self.end()
            return Outcome(f"hang: no answer within {_MAX_WALL_SECONDS} s")
        line = child.stdout.readline()
        return Outcome(**json.loads(line)) if line else self._died(child)

    def end(self) -> None:
        """Stop the child if it is running."""
        if self._child:
            self._child.kill()
            self._reap(self._child)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            command = [sys.executable, "-m", "tools.fuzz.child", self._target]
            self._child = subprocess.Popen(  # noqa: S603 - the same Python interpreter
                command,
                cwd=_ROOT,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._child

    def _died(self, child: subprocess.Popen[bytes]) -> Outcome:
        self._reap(child)
        return Outcome(f"crash: exit code {child.returncode}")

    def _reap(self, child: subprocess.Popen[bytes]) -> None:
        self._child = None
        with suppress(BrokenPipeError):
            child.communicate()
