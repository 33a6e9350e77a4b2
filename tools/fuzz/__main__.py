"""Fuzz the service with damaged pictures, events and bodies, each in a child process with limits.

    python -m tools.fuzz [--pictures N] [--events N] [--bodies N] [--seed N] [--keep DIR]

Prints how often each answer occurred. An input fails if it causes a 500, a crash or a timeout, or uses too much CPU
time or memory. Failed inputs are saved in DIR, and the tests replay them. The exit code is 1 if an input failed.
"""

import argparse
import hashlib
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from function.bake import bake
from function.tagging.labels import LABELS_TOML
from tools.fuzz import requests, seeds
from tools.fuzz.mutations import mutate
from tools.fuzz.sandbox import Outcome, Sandbox, Target
from tools.small_checkpoint import make_checkpoint

REGRESSIONS = Path(__file__).parents[2] / "tests/hostile/regressions"


@dataclass
class Figures:
    """Answers, failures and highest costs of one kind of input."""

    answers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    cpu_seconds: float = 0
    growth_mb: float = 0

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        self.answers[outcome.answer] += 1
        self.cpu_seconds = max(self.cpu_seconds, outcome.cpu_seconds)
        self.growth_mb = max(self.growth_mb, outcome.growth_mb)

    def lines(self, kind: str) -> list[str]:
        """Return the figures as lines of text."""
        most = f"most CPU {self.cpu_seconds:.2f} s, highest memory growth {self.growth_mb:.0f} MB"
        head = f"{kind}: {self.answers.total():,} inputs, {len(self.failures)} failures; {most}"
        return [head, *(f"    {count:7,}  {answer}" for answer, count in self.answers.most_common())]


def inputs(kind: str, count: int, seed: int) -> Iterator[bytes]:
    """Yield `count` inputs of a kind. The same seed gives the same inputs. Pictures start with the undamaged ones."""
    rng = random.Random(f"{kind} {seed}")  # noqa: S311 - repeatable, not secret
    if kind == "pictures":
        pictures = seeds.pictures()
        for i in range(count):
            yield pictures[i] if i < len(pictures) else mutate(rng, rng.choice(pictures), pictures)
        return
    events = [event for event in seeds.events() if kind == "events" or event.get("body")]
    damaged = requests.damaged_event if kind == "events" else requests.damaged_body
    for _ in range(count):
        yield json.dumps(damaged(rng, rng.choice(events))).encode()


def target_of(kind: str) -> Target:
    """Return which sandbox takes inputs of a kind."""
    return "picture" if kind == "pictures" else "event"


def fuzz(sandbox: Sandbox, kind: str, count: int, seed: int, keep: Path) -> Figures:
    """Try `count` inputs of a kind, save the failed ones in `keep`, and return the figures."""
    figures = Figures()
    for data in tqdm(inputs(kind, count, seed), desc=kind, total=count, disable=None):
        outcome = sandbox.run(data)
        figures.add(outcome)
        if outcome.failure:
            name = f"{target_of(kind)}-{hashlib.sha256(data).hexdigest()[:12]}"
            (keep / name).write_bytes(data)
            figures.failures.append(f"{keep / name}: {outcome.failure}")
    return figures


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=(__doc__ or "").splitlines()[0])
    for kind, count in (("pictures", 20_000), ("events", 6_000), ("bodies", 6_000)):
        parser.add_argument(
            f"--{kind}", type=int, default=count, metavar="N", help="number of inputs (default: %(default)s)"
        )
    parser.add_argument(
        "--seed", type=int, default=0, help="the same seed gives the same inputs (default: %(default)s)"
    )
    parser.add_argument(
        "--keep", type=Path, default=REGRESSIONS, help="folder for failed inputs (default: %(default)s)"
    )
    options = parser.parse_args()
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "model")
        bake(str(make_checkpoint(Path(folder, "checkpoint"))), None, LABELS_TOML, model)
        for kind in ("pictures", "events", "bodies"):
            with Sandbox.of(target_of(kind), model) as sandbox:
                figures = fuzz(sandbox, kind, getattr(options, kind), options.seed, options.keep)
            print("\n".join(figures.lines(kind)))
            failures += figures.failures
    print("\n".join(failures) or "no failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
