"""The report of one evaluation: as text, as JSON, and as a plot of the confusion matrices."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tools.evaluate.calibration import Calibration
from tools.evaluate.figures import SURE, GroupReport, MinScore, Presence


@dataclass(frozen=True)
class Report:
    """All figures of one model on one folder. `presence_without_composites` is for comparison only."""

    model: str
    threshold: float
    groups: list[GroupReport]
    presence: dict[str, Presence]
    presence_without_composites: dict[str, Presence]
    min_scores: list[MinScore]
    temperatures: dict[str, Calibration | None]

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self)

    def as_text(self) -> str:
        """Return the report for a terminal."""
        parts = [
            *map(_group, self.groups),
            _presence(f"presence, above {self.threshold}", self.presence),
            _presence(
                "the same with contexts as plain competitors, without composites", self.presence_without_composites
            ),
            "\n".join(map(_min_score, self.min_scores)),
            "\n".join(_temperature(group, fitted) for group, fitted in self.temperatures.items()),
        ]
        return "\n\n".join(part for part in parts if part)


def _group(report: GroupReport) -> str:
    lines = [f"{report.group}: top-1 {report.top_1:.1%} of {report.pictures} pictures"]
    if report.other_things_untagged is not None:
        lines.append(
            f"  other things without a tag above {SURE}: {report.other_things_untagged:.1%} of {report.other_things}"
        )
    lines += [f"  expected calibration error {report.expected_calibration_error:.3f}", "", *_table(report), ""]
    lines += [
        f"  {label:14} precision {_percent(report.precision[label])}  recall {_percent(report.recall[label])}"
        for label in report.recall
    ]
    return "\n".join(lines)


def _table(report: GroupReport) -> Iterator[str]:
    columns = list(next(iter(report.confusion.values())))
    yield f"  {'is, answered':15}" + "".join(f"{column[:10]:>11}" for column in columns)
    for truth, row in report.confusion.items():
        yield f"  {truth:15}" + "".join(f"{row[column] or '.':>11}" for column in columns)


def _presence(title: str, splits: dict[str, Presence]) -> str:
    lines = [f"{title}:"]
    for name, figures in splits.items():
        lines.append(
            f"  {name:16} precision {_percent(figures.precision)}  recall {_percent(figures.recall)}"
            f"  F1 {_percent(figures.f1)}; right and above {SURE} {_percent(figures.right_and_sure)}"
            f" of {figures.pictures}; nothing above {SURE} {_percent(figures.quiet)} of {figures.others}"
        )
    return "\n".join(lines)


def _min_score(row: MinScore) -> str:
    tags = "-" if row.tags_on_others is None else f"{row.tags_on_others:.2f}"
    return (
        f"min_score {row.min_score:<5} {tags} tags on a picture of other things, right tags lost"
        f" {_percent(row.right_tags_lost)}"
    )


def _temperature(group: str, fitted: Calibration | None) -> str:
    if fitted is None:
        return f"{group}: no calibration temperature, because there are too few wrong answers"
    losses = f"negative log-likelihood {fitted.loss_at_1:.3f} -> {fitted.loss:.3f}"
    return f"{group}: calibration temperature {fitted.temperature:.2f} ({losses})"


def _percent(share: float | None) -> str:
    return "     -" if share is None else f"{share:6.1%}"


def plot_confusion(reports: Sequence[GroupReport], path: Path) -> None:
    """Write the confusion matrices as one PNG."""
    import matplotlib as mpl  # noqa: PLC0415 only needed for the picture

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(1, len(reports), figsize=(6 * len(reports), 5), dpi=80, squeeze=False)
    for axis, report in zip(axes[0], reports, strict=True):
        counts = [list(row.values()) for row in report.confusion.values()]
        axis.imshow([[count / max(1, sum(row)) for count in row] for row in counts], cmap="Blues", vmin=0, vmax=1)
        for y, row in enumerate(counts):
            for x, count in enumerate(row):
                if count:
                    axis.text(
                        x, y, str(count), ha="center", va="center", color="white" if count > sum(row) / 2 else "black"
                    )
        columns = list(next(iter(report.confusion.values())))
        axis.set_xticks(range(len(columns)), columns, rotation=60, ha="right")
        axis.set_yticks(range(len(counts)), list(report.confusion))
        axis.set(title=f"{report.group}: top-1 {report.top_1:.1%}", xlabel="answered", ylabel="is")
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)
