"""Tries inputs in a child process, so that a crash, a hang or gigabytes of memory are a result and not the end.

The child (`tools.fuzz.child`) is kept from input to input until it dies; what it takes is measured for each one.
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

# What is too much for one input. CPU seconds, for a busy machine makes any wall clock look like a hang; and on a slow
# machine so many times what decoding and resizing the largest plain PNG takes there, measured beside the input.
MAX_CPU_SECONDS = 2.0
MAX_CPU_OF_LARGEST_PNG = 4.0
# The largest sound picture takes 850 MB: with the model's 600 MB it fits the default 3,008.
MAX_GROWTH_MB = 1100
# No input is waited for longer: a child that sleeps uses no CPU.
_MAX_WALL_SECONDS = 60
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    """What became of one input: `answer` is an error's code, `ok`, or an HTTP status; growth is since the start."""

    answer: str
    cpu_seconds: float = 0.0
    allowed_cpu_seconds: float = MAX_CPU_SECONDS
    growth_mb: float = 0.0

    @property
    def failure(self) -> str:
        """Why this must not happen; empty if it may."""
        if self.answer.startswith(("crash", "hang", "500", "unforeseen")):
            return self.answer
        if self.cpu_seconds > self.allowed_cpu_seconds:
            allowed = f"at most {self.allowed_cpu_seconds:.1f} are allowed on this machine"
            return f"{self.cpu_seconds:.1f} s of CPU, {allowed} ({self.answer})"
        if self.growth_mb > MAX_GROWTH_MB:
            return f"{self.growth_mb:.0f} MB of memory, at most {MAX_GROWTH_MB} are allowed ({self.answer})"
        return ""


class Sandbox:
    """A child process that takes one input after another; a new one takes the place of one that died."""

    def __init__(self, target: Target, model: Path | None = None) -> None:
        """Take inputs for `target`; `event` needs the baked `model`."""
        self._target = target
        self._environment = {**os.environ, **({"MODEL_DIR": str(model)} if model else {})}
        self._child: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def of(cls, target: Target, model: Path | None = None) -> Iterator[Self]:
        """Yield a sandbox and end its child afterwards."""
        sandbox = cls(target, model)
        try:
            yield sandbox
        finally:
            sandbox.end()

    def run(self, data: bytes) -> Outcome:
        """Return what becomes of one input."""
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
        """End the child, if there is one."""
        if self._child:
            self._child.kill()
            self._reap(self._child)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            command = [sys.executable, "-m", "tools.fuzz.child", self._target]
            self._child = subprocess.Popen(  # noqa: S603 - this very Python
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
