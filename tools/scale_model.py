"""Computes time and cost of a backfill from the measured CPU time of one picture: the tables of docs/scale.md.

    python -m tools.scale_model [--check]        write the tables and the plot, or check that they are up to date

`python -m benchmarks.bulk --out docs/scale.json` writes the measurements. Prices are AWS's list prices of us-east-1
for x86, quotas are AWS's defaults. Both change, so they are constants below.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent.parent / "docs"
MEASURED, PAGE, PLOT = DOCS / "scale.json", DOCS / "scale.md", DOCS / "scale.png"
_BEGIN, _END = "<!-- tools/scale_model.py writes from here -->", "<!-- to here -->"

MEMORY_MB = 3008
BATCH = 48  # pictures an invocation, as in infra/backfill.asl.yaml
PICTURES = 10_000_000
CONCURRENCIES = (10, 100, 1000)

# Dollars: Lambda's gigabyte-second and request; S3's GET or HEAD, and PUT or LIST; one event; a Step Functions express
# workflow's request and gigabyte-second.
_GB_S, _INVOCATION = 16.6667e-6, 0.20e-6
_GET, _PUT, _EVENT = 0.40e-6, 5.00e-6, 1.00e-6
_EXPRESS, _EXPRESS_GB_S = 1.00e-6, 16.67e-6
_EXPRESS_GB = 64 / 1024
# Lambda gives a function one vCPU per this many megabytes (Lambda Developer Guide, "Configure Lambda function memory").
_MB_A_VCPU = 1769
# Seconds that an invocation takes in addition to its pictures, because it reads the first ones before it encodes any.
_FILL_S = 0.2


@dataclass(frozen=True)
class Quota:
    """A limit of a region or an account, in `unit` per second, and how much of it one picture uses."""

    name: str
    limit: float
    a_picture: float
    unit: str


# In the order of the page. A picture needs two reads and one HEAD, and writes one result, below one prefix at worst.
QUOTAS = (
    Quota("S3, writes below one prefix", 3500, 1, "PUT"),
    Quota("S3, reads below one prefix", 5500, 2, "GET and HEAD"),
    Quota("EventBridge, PutEvents in a large region", 10_000, 1, "events"),
    Quota("Step Functions, starts of express workflows", 6000, 1 / BATCH, "starts"),
)
LAMBDA_CONCURRENCY = 1000


@dataclass(frozen=True)
class Picture:
    """One picture. `seconds` is how long a function with `MEMORY_MB` works on it."""

    seconds: float

    @classmethod
    def measured(cls, cpu_ms: float, memory_mb: int = MEMORY_MB) -> "Picture":
        """Return a picture whose measured CPU time on all cores together is `cpu_ms`."""
        return cls(cpu_ms / 1000 / (memory_mb / _MB_A_VCPU) + _FILL_S / BATCH)

    @property
    def dollars(self) -> float:
        """The cost in a backfill, all services together."""
        return sum(self.costs().values())

    def costs(self) -> dict[str, float]:
        """Return the cost by service, in dollars."""
        express_s = self.seconds * BATCH
        return {
            "Lambda": self.seconds * MEMORY_MB / 1024 * _GB_S + _INVOCATION / BATCH,
            "S3": 3 * _GET + _PUT + _PUT / 1000,
            "EventBridge": _EVENT,
            "Step Functions": (_EXPRESS + express_s * _EXPRESS_GB * _EXPRESS_GB_S) / BATCH,
        }

    def a_second(self, concurrency: int) -> float:
        """Return how many pictures `concurrency` functions tag per second."""
        return concurrency / self.seconds

    def concurrency_at(self, quota: Quota) -> float:
        """Return the concurrency that uses up the quota."""
        return quota.limit / quota.a_picture * self.seconds


def pictures() -> dict[str, Picture]:
    """Return every measured kind of picture by name."""
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))["pictures"]
    return {name: Picture.measured(figures["bulk_cpu_ms"]) for name, figures in measured.items()}


def tables() -> str:
    """Return the tables of the page."""
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    kinds = pictures()
    return "\n\n".join([_measured(measured), _throughput(kinds), _costs(kinds), _quotas(kinds)])


def _measured(measured: dict[str, Any]) -> str:
    rows = [
        f"| {name} | {each['bulk_cpu_ms']} | {each['bulk_wall_ms']} | {each['api_cpu_ms']} | {each['api_wall_ms']} "
        f"| {each['ratio']} |"
        for name, each in measured["pictures"].items()
    ]
    head = [
        f"Measured on {measured['cores']} cores of {measured['cpu']}, full-size model with random weights, float32, S3 "
        f"and EventBridge answering after {measured['latency_ms']:.0f} ms. Milliseconds a picture:",
        "",
        "| picture | bulk, CPU | bulk, wall | one at a time, CPU | one at a time, wall | ratio of wall times |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join(head + rows)


def _throughput(kinds: dict[str, Picture]) -> str:
    rows = []
    for name, picture in kinds.items():
        for concurrency in CONCURRENCIES:
            rate = picture.a_second(concurrency)
            hours = PICTURES / rate / 3600
            rows.append(f"| {name} | {concurrency:,} | {rate:,.0f} | {hours:,.1f} h |")
    head = [
        f"| picture | functions of {MEMORY_MB:,} MB at once | pictures a second | {PICTURES / 1e6:.0f} million take |",
        "|---|---|---|---|",
    ]
    return "\n".join(head + rows)


def _costs(kinds: dict[str, Picture]) -> str:
    services = list(next(iter(kinds.values())).costs())
    rows = []
    for name, picture in kinds.items():
        costs = [f"${cost * PICTURES:,.0f}" for cost in picture.costs().values()]
        rows.append(f"| {name} | {' | '.join(costs)} | ${picture.dollars * PICTURES:,.0f} |")
    head = [
        f"| {PICTURES / 1e6:.0f} million of | {' | '.join(services)} | together |",
        "|---" * (len(services) + 2) + "|",
    ]
    return "\n".join(head + rows)


def _quotas(kinds: dict[str, Picture]) -> str:
    rows = [f"| Lambda, concurrent executions | {LAMBDA_CONCURRENCY:,} |" + f" {LAMBDA_CONCURRENCY:,} |" * len(kinds)]
    for quota in QUOTAS:
        at = " | ".join(f"{picture.concurrency_at(quota):,.0f}" for picture in kinds.values())
        rows.append(f"| {quota.name} | {quota.limit:,.0f} {quota.unit} a second | {at} |")
    names = " | ".join(f"used up by, {name}" for name in kinds)
    return "\n".join([f"| quota | is | {names} |", "|---" * (len(kinds) + 2) + "|", *rows])


def plot(path: Path) -> None:
    """Draw pictures a second over concurrency, with the quotas that a picture runs into."""
    import matplotlib  # noqa: PLC0415

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    concurrencies = [1, *CONCURRENCIES]
    for name, picture in pictures().items():
        axes.plot(concurrencies, [picture.a_second(each) for each in concurrencies], marker="o", label=name)
    for quota in QUOTAS[:3]:
        rate = quota.limit / quota.a_picture
        axes.axhline(rate, linestyle="--", linewidth=1, color="grey")
        axes.text(1, rate, f" {quota.name}", va="bottom", fontsize=8)
    axes.set(xscale="log", yscale="log", xlabel=f"functions of {MEMORY_MB} MB at once", ylabel="pictures a second")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


def main() -> int:
    """Run the command line; return its exit code: 1 if the check finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m tools.scale_model", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail if the page differs")
    check = parser.parse_args().check
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(_BEGIN)
    written = f"{before}{_BEGIN}\n\n{tables()}\n\n{_END}{rest.partition(_END)[2]}"
    if check and written != page:
        print("docs/scale.md is not what docs/scale.json gives: run `python -m tools.scale_model`", file=sys.stderr)
        return 1
    if not check:
        PAGE.write_text(written, encoding="utf-8")
        plot(PLOT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
