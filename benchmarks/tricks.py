"""What each optimisation brings: the service with and without it, in turns.

    python -m benchmarks.tricks [--rounds N] [--only NAME ...]

Each turn is a new process that loads the full-size model and answers a small and a large photo. In every round, one
turn has all optimisations, and one turn for each optimisation is without it. The table gives the figure that the
optimisation serves, as the median of the rounds. An optimisation stays in the code if it brings at least 3 %.

torch and oneDNN use AVX2 alone, because that is all that Lambda promises on x86.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from benchmarks import tricks_off
from benchmarks.fixtures import AVX2_ALONE, ROOT, Files, prepare

TABLE = Path(__file__).parent / "tricks.md"
_ENVIRONMENT = {**AVX2_ALONE, "LOG_LEVEL": "WARNING"}
_FIGURES = {
    "import_torch_cpu_s": "import of torch, CPU s",
    "start_cpu_s": "start to first answer, CPU s",
    "start_wall_s": "start to first answer, wall s",
    "peak_mb": "peak memory, MB",
    "encode_ms": "encode one image, ms",
    "event_small_ms": "0.2 MP JPEG, event to response, ms",
    "event_large_ms": "12 MP JPEG, event to response, ms",
    "request_cpu_ms": "CPU of a request and the 50 ms after it, ms",
}


@dataclass(frozen=True)
class Trick:
    """One optimisation: what it does, the figure that it serves, and the function that switches it off."""

    name: str
    figure: str
    switch_off: Callable[[], None]


TRICKS = (
    Trick("torch without meta registrations", "import_torch_cpu_s", tricks_off.meta_registrations),
    Trick(
        "torch without distributions, export, quantization, data", "import_torch_cpu_s", tricks_off.other_torch_modules
    ),
    Trick("torch without numpy", "start_cpu_s", tricks_off.numpy),
    Trick("no look-up of pydantic's plugins and torch's devices", "start_cpu_s", tricks_off.plugin_lookups),
    Trick("no garbage collection during the start", "start_cpu_s", tricks_off.garbage_collection),
    Trick("weights load while the web framework is imported", "start_wall_s", tricks_off.background_loading),
    Trick("layers are packed by several threads", "start_wall_s", tricks_off.packing_threads),
    Trick("weights are mapped again every 16 tensors", "peak_mb", tricks_off.remapping),
    Trick("matrices pass through one buffer a thread", "peak_mb", tricks_off.weight_buffers),
    Trick("all threads allocate from one heap", "peak_mb", tricks_off.one_malloc_arena),
    Trick("half-precision weights in float32 products", "encode_ms", tricks_off.half_products),
    Trick("half-precision product called past torch.ops", "encode_ms", tricks_off.direct_half_call),
    Trick("packed weights and fused products", "encode_ms", tricks_off.packed_products),
    Trick("last layer computes the class token only", "encode_ms", tricks_off.last_layer),
    Trick("attention as two products and a softmax", "encode_ms", tricks_off.attention),
    Trick("OpenMP's workers stop waiting after 0.25 ms", "request_cpu_ms", tricks_off.openmp_spinning),
    Trick("JPEGs are decoded at a reduced scale", "event_large_ms", tricks_off.reduced_jpeg),
    Trick("events are decoded by pybase64", "event_large_ms", tricks_off.pybase64),
)
_BY_NAME = {trick.name: trick for trick in TRICKS}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tricks", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=7, help="turns of each optimisation (default: %(default)s)")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=list(_BY_NAME), help="measure only these")
    parser.add_argument("--turn", metavar="NAME", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.turn is not None:
        print(json.dumps(tricks_off.take_turn(_BY_NAME[options.turn].switch_off if options.turn else None)))
        return
    prepare(Files(), full=False)
    tricks = [_BY_NAME[name] for name in options.only] if options.only else list(TRICKS)
    table = _table(tricks, _measure(tricks, options.rounds), options.rounds)
    print(table)
    if not options.only:
        TABLE.write_text(table, encoding="utf-8")


def _measure(tricks: list[Trick], rounds: int) -> dict[str, list[dict[str, float]]]:
    """Return the figures of each turn by the name of the optimisation that was off; "" is with all."""
    names = ["", *(trick.name for trick in tricks)]
    turns: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    _turn("")  # fills the page cache; not counted
    with tqdm(total=rounds * len(names), unit=" turn", disable=None) as progress:
        for _ in range(rounds):
            for name in names:
                turns[name].append(_turn(name))
                progress.update()
    return turns


def _turn(name: str) -> dict[str, float]:
    """Return the figures of one new process without the optimisation `name`."""
    done = subprocess.run(  # noqa: S603 - this module
        [sys.executable, "-m", "benchmarks.tricks", "--turn", name],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, **_ENVIRONMENT, "MODEL_DIR": str(Files().baked)},
    )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _table(tricks: list[Trick], turns: dict[str, list[dict[str, float]]], rounds: int) -> str:
    """Return the table in Markdown; the gain is the median over rounds of `1 - with / without`."""
    lines = [
        "## What each optimisation brings",
        "",
        f"Written by `python -m benchmarks.tricks`: medians of {rounds} rounds, AVX2 alone.",
        "An optimisation stays in the code if it brings at least 3 % of its figure.",
        "",
        "| optimisation | figure | with | without | gain |",
        "|---|---|---|---|---|",
    ]
    for trick in tricks:
        on, off = ([turn[trick.figure] for turn in turns[name]] for name in ("", trick.name))
        gain = statistics.median(1 - a / b for a, b in zip(on, off, strict=True))
        cells = (trick.name, _FIGURES[trick.figure], _number(on), _number(off), f"{gain:.0%}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _number(values: list[float]) -> str:
    median = statistics.median(values)
    return f"{median:.2f}" if median < 10 else f"{median:.1f}"


if __name__ == "__main__":
    main()
