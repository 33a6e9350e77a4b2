"""Measure how well a model tags a folder of pictures, with the production code.

    python -m tools.evaluate MODEL FOLDER     FOLDER/<label>/*.png|jpg

MODEL is a hub id, a checkpoint folder or an already baked folder. A folder named after a label of the first group (pet)
holds pictures of it; any other folder holds other things, which should get no tag above 0.5. A picture whose file name
holds a label of a dependent group (long-hair) is also counted there.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tqdm import tqdm

from function.bake import bake
from function.settings import Settings
from function.tagging.labels import LABELS_TOML
from function.tagging.options import TagOptions
from function.tagging.tagger import Tagger

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}
NOTHING = "(nothing)"
OTHER_THINGS = "(other things)"
SURE = 0.5  # above this a tag on a picture of something else is a false alarm
CALIBRATION_BINS = 10  # Guo et al., "On Calibration of Modern Neural Networks", 2017, equation 3


@dataclass(frozen=True)
class Answer:
    """One group's answer for one picture: the true label, the best label and its score."""

    truth: str
    best: str
    score: float

    @property
    def shown(self) -> str:
        """The best label, or NOTHING if the picture shows something else and no tag is sure."""
        return NOTHING if self.truth == OTHER_THINGS and self.score <= SURE else self.best


@dataclass(frozen=True)
class GroupReport:
    """The figures of one group; accuracies over the pictures that have one of its labels."""

    group: str
    pictures: int
    top_1: float
    other_things: int
    other_things_untagged: float | None
    expected_calibration_error: float
    precision: dict[str, float | None]
    recall: dict[str, float | None]
    confusion: dict[str, dict[str, int]]


def answers(tagger: Tagger, folder: Path) -> dict[str, list[Answer]]:
    """Return every group's answers on the pictures of `folder`, in the order of their names."""
    first, *dependent = tagger.bank.labels.groups
    found: dict[str, list[Answer]] = {group.name: [] for group in tagger.bank.labels.groups}
    for path in tqdm(sorted(_pictures(folder)), desc="tagging", disable=None):
        tags = tagger.tag(path.read_bytes(), TagOptions(min_score=0.0)).tags
        best = {group: next(tag for tag in tags if tag.group == group) for group in found}
        truth = path.parent.name if path.parent.name in first.labels else OTHER_THINGS
        found[first.name].append(Answer(truth, best[first.name].label, best[first.name].score))
        for group in dependent:
            named = [label for label in group.labels if label in path.stem]
            if named and truth in group.parent_labels:
                found[group.name].append(Answer(named[0], best[group.name].label, best[group.name].score))
    return found


def _pictures(folder: Path) -> Iterator[Path]:
    return (path for path in folder.glob("*/*") if path.suffix.lower() in SUFFIXES)


def summarise(group: str, labels: tuple[str, ...], given: list[Answer]) -> GroupReport:
    """Return the figures of one group's answers."""
    own = [answer for answer in given if answer.truth != OTHER_THINGS]
    others = [answer for answer in given if answer.truth == OTHER_THINGS]
    rows = (*labels, OTHER_THINGS) if others else labels
    columns = (*labels, NOTHING) if others else labels
    confusion = {
        truth: {shown: sum((a.truth, a.shown) == (truth, shown) for a in given) for shown in columns} for truth in rows
    }
    return GroupReport(
        group=group,
        pictures=len(own),
        top_1=_share([answer.best == answer.truth for answer in own]) or 0.0,
        other_things=len(others),
        other_things_untagged=_share([answer.shown == NOTHING for answer in others]),
        expected_calibration_error=calibration_error(own),
        precision={label: _share([a.truth == label for a in given if a.shown == label]) for label in labels},
        recall={label: _share([a.best == label for a in own if a.truth == label]) for label in labels},
        confusion=confusion,
    )


def _share(hits: list[bool]) -> float | None:
    return sum(hits) / len(hits) if hits else None


def calibration_error(given: list[Answer]) -> float:
    """Return the expected calibration error: the distance between scores and accuracy, by bins."""
    bins: dict[int, list[Answer]] = {}
    for answer in given:
        bins.setdefault(min(CALIBRATION_BINS - 1, int(answer.score * CALIBRATION_BINS)), []).append(answer)
    gaps = (abs(sum(a.score for a in held) - sum(a.best == a.truth for a in held)) for held in bins.values())
    return sum(gaps) / len(given) if given else 0.0


def evaluate(tagger: Tagger, folder: Path) -> list[GroupReport]:
    """Tag every picture of `folder` and return a report for each group that has any."""
    groups = {group.name: group.labels for group in tagger.bank.labels.groups}
    found = answers(tagger, folder)
    return [summarise(name, tuple(labels), found[name]) for name, labels in groups.items() if found[name]]


def as_text(report: GroupReport) -> str:
    """Return a report for a terminal."""
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


def _percent(share: float | None) -> str:
    return "     -" if share is None else f"{share:6.1%}"


def _table(report: GroupReport) -> Iterator[str]:
    columns = list(next(iter(report.confusion.values())))
    yield f"  {'is, answered':15}" + "".join(f"{column[:10]:>11}" for column in columns)
    for truth, row in report.confusion.items():
        yield f"  {truth:15}" + "".join(f"{row[column] or '.':>11}" for column in columns)


def plot_confusion(reports: list[GroupReport], path: Path) -> None:
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


def load(model: str, folder: Path) -> Tagger:
    """Return the tagger of a baked folder, or of a checkpoint baked into `folder` first."""
    baked = Path(model)
    if not (baked / "manifest.json").is_file():
        baked = folder / "model"
        bake(model, None, LABELS_TOML, baked)
    return Tagger.load(baked, "float32", Settings().max_image_pixels)


def main() -> None:
    """Read the command line, measure, and print."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.evaluate", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model", help="hub id, checkpoint folder or baked folder")
    parser.add_argument("folder", type=Path, help="FOLDER/<label>/*.png|jpg")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    parser.add_argument("--plot", type=Path, help="PNG to write the confusion matrices to")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        reports = evaluate(load(args.model, Path(temporary)), args.folder)
    if args.plot:
        plot_confusion(reports, args.plot)
    print(
        json.dumps([asdict(report) for report in reports], indent=2)
        if args.json
        else "\n\n".join(map(as_text, reports))
    )


if __name__ == "__main__":
    main()
