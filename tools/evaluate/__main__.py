"""Measure how well a model tags a folder of pictures, with the production code.

    python -m tools.evaluate MODEL FOLDER

MODEL is a hub id, a checkpoint folder or an already baked folder. The folders in FOLDER say what their pictures show:

    FOLDER/<label>/*.png|jpg                  a label of the first group (pet)
    FOLDER/<label> with <context>/*.png|jpg   the label beside a context (person, sofa)
    FOLDER/<context>/*.png|jpg                the context alone
    FOLDER/<anything else>/*.png|jpg          other things, which should get no tag above 0.5

A picture whose file name holds a label of a dependent group (long-hair) is also counted there.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from function.errors import ModelError
from function.model.baked_folder import MANIFEST
from tools.evaluate.calibration import write_temperatures
from tools.evaluate.evaluation import evaluate, load
from tools.evaluate.figures import SURE
from tools.evaluate.report import plot_confusion


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, and print."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.evaluate", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model", help="hub id, checkpoint folder or baked folder")
    parser.add_argument("folder", type=Path, help="folder with a folder of pictures for each label")
    parser.add_argument("--threshold", type=float, default=SURE, help="probability that counts as presence (0.5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="JSON file to write the report to")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="PNG file to write the confusion matrices to")
    parser.add_argument(
        "--write-temperature", action="store_true", help="store the fitted temperatures in the baked folder MODEL"
    )
    try:
        _run(parser.parse_args(arguments))
    except (ModelError, ValueError, OSError) as error:
        raise SystemExit(f"evaluate: {error}") from error


def _run(options: argparse.Namespace) -> None:
    if options.write_temperature and not Path(options.model, MANIFEST).is_file():
        raise ValueError(f"{options.model}: --write-temperature needs a baked model folder")
    with tempfile.TemporaryDirectory() as temporary:
        report = evaluate(load(options.model, Path(temporary)), options.folder, options.threshold)
    if options.json:
        options.json.write_text(json.dumps(report.to_json(), indent=2) + "\n", encoding="utf-8")
    if options.plot:
        plot_confusion(report.groups, options.plot)
    if options.write_temperature:
        fitted = {group: each.temperature for group, each in report.temperatures.items() if each}
        write_temperatures(Path(options.model), fitted)
    print(report.as_text())


if __name__ == "__main__":
    main()
