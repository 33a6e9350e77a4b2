"""Compare prompt templates on a folder of labelled pictures, to choose templates for labels.toml by measurement.

    python -m tools.prompts MODEL FOLDER [--sets FILE.toml] [--labels FILE.toml]

MODEL and FOLDER are those of `python -m tools.evaluate`. Each row of the table is a set of templates, used for all
groups of the labels file: first the labels file's own templates, then each set of tools/prompts.toml. For each group
the table has the accuracy, the share of pictures of other things without a tag above 0.5 (quiet), and the expected
calibration error (ECE).
"""

import argparse
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from function.errors import TaggerError
from function.tagging.bank import LabelBank
from function.tagging.labels import LABELS_TOML, LabelSet
from function.tagging.tagger import Tagger
from tools.evaluate.evaluation import evaluate, load
from tools.evaluate.figures import GroupReport

SETS = Path(__file__).with_name("prompts.toml")
OWN = "labels file"
_COLUMNS = "{:>10}{:>8}{:>8}"


def read_sets(path: Path) -> dict[str, list[str]]:
    """Return the templates of each set.

    Raises ValueError if the file is not valid.
    """
    sets: dict[str, list[str]] = tomllib.loads(path.read_text(encoding="utf-8"))
    for name, templates in sets.items():
        if not isinstance(templates, list) or not templates or any(str(text).count("{}") != 1 for text in templates):
            raise ValueError(f"{path}: {name} must be a list of templates with one {{}} each")
    return sets


def compare(
    tagger: Tagger, labels: LabelSet, sets: Mapping[str, Sequence[str]], folder: Path
) -> Iterator[tuple[str, list[GroupReport]]]:
    """Yield the reports of each template set, first those of the labels' own templates."""
    for name, templates in {OWN: (), **sets}.items():
        groups = (replace(group, templates=tuple(templates) or group.templates) for group in labels.groups)
        tagger.bank = LabelBank.embed(LabelSet(tuple(groups)), lambda texts: tagger.embed_texts(texts).vectors)
        yield name, evaluate(tagger, folder).groups


def _row(name: str, reports: list[GroupReport]) -> str:
    return f"{name:14}" + "".join(_COLUMNS.format(*_cells(report)) for report in reports)


def _cells(report: GroupReport) -> tuple[str, str, str]:
    quiet = report.other_things_untagged
    error = f"{report.expected_calibration_error:.3f}"
    return f"{report.top_1:.1%}", "-" if quiet is None else f"{quiet:.1%}", error


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.prompts", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model", help="hub id, checkpoint folder or baked folder")
    parser.add_argument("folder", type=Path, help="FOLDER/<label>/*.png|jpg")
    parser.add_argument("--sets", type=Path, default=SETS, help="TOML file with template sets")
    parser.add_argument("--labels", type=Path, default=LABELS_TOML, help="labels file (default: function/labels.toml)")
    given = parser.parse_args(arguments)
    try:
        _print_table(given)
    except (TaggerError, ValueError, OSError) as error:
        raise SystemExit(f"prompts: {error}") from error


def _print_table(given: argparse.Namespace) -> None:
    sets, labels = read_sets(given.sets), LabelSet.read(given.labels)
    with tempfile.TemporaryDirectory() as temporary:
        tagger = load(given.model, Path(temporary))
        for name, reports in compare(tagger, labels, sets, given.folder):
            if name == OWN:
                print(" " * 14 + "".join(f"{report.group:>26}" for report in reports))
                print(" " * 14 + _COLUMNS.format("top-1", "quiet", "ECE") * len(reports))
            print(_row(name, reports), flush=True)


if __name__ == "__main__":
    main()
