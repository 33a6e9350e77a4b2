"""`python -m benchmarks [--quick]`: prepare, measure, report."""

import argparse
import multiprocessing
import sys
from pathlib import Path

from benchmarks import images, measure, report
from benchmarks.fixtures import ROOT, Files, prepare
from benchmarks.shapes import SHAPES
from benchmarks.subjects import SUBJECTS

_COLD = ("usual service", "pipeline", "ONNX Runtime", "ours", "ours bfloat16", "ours, 32-bit weights")
_OWN_LABELS = ("usual service", "ONNX Runtime", "ours")
_QUICK = ("usual service", "ours")


def main() -> int:
    """Run the command line; return its exit code: 1 if a quick run finds a ratio beyond its limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under two minutes: the ratios that have a limit, checked")
    parser.add_argument("--rounds", type=int, default=60, help="rounds of each warm measure (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=ROOT / "build/bench.json", help="default: build/bench.json")
    given = parser.parse_args()
    measure.stop_on_termination()
    files = Files()
    # In a separate process, because pages that a live process maps stay in the page cache when it is dropped.
    preparation = multiprocessing.get_context("spawn").Process(
        target=prepare, args=(files, not given.quick), daemon=True
    )
    preparation.start()
    preparation.join()
    if preparation.exitcode:
        return preparation.exitcode
    if given.quick:
        samples = measure.warm(_QUICK, rounds=8, batch_rounds=0, pictures=("0.2mp_jpeg", "12mp_jpeg"))
        summary = report.summarise(samples, {}, quick=True)
        report.write_json(summary, given.out)
        complaints = report.beyond_limits(summary["ratios"])
        for key, value in summary["ratios"].items():
            print(f"{value:8.3f}  {key}")
        print("\n".join(complaints), file=sys.stderr)
        return 1 if complaints else 0
    names = [name for name in SUBJECTS if name not in SHAPES and "32-bit" not in name]
    samples = measure.warm(names, given.rounds, given.rounds // 3)
    samples |= measure.cold(_COLD, rounds=7, dropped=False)
    samples |= measure.cold(_OWN_LABELS, rounds=7, dropped=False, own_labels=True)
    if measure.can_drop_caches():
        samples |= measure.cold(_COLD, rounds=9, dropped=True)
        samples |= measure.cold(_OWN_LABELS, rounds=9, dropped=True, own_labels=True)
    samples |= measure.throughput(files, list(measure.SERVERS), rounds=3, requests=24)
    layers = images.build(files) if images.has_engine() else {}
    summary = report.summarise(samples, layers, quick=False)
    summary["imports_ms"] = measure.imports()
    report.write_json(summary, given.out)
    from benchmarks.page import write_page  # noqa: PLC0415 - matplotlib and numpy: see above

    write_page(summary, ROOT / "docs")
    for key, value in summary["ratios"].items():
        print(f"{value:8.3f}  {key}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
