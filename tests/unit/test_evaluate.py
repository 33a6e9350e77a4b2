"""The figures of tools/evaluate.py match hand calculations and the answers of a small model."""

import json
import sys
from pathlib import Path

import pytest
from PIL import Image

from function.tagging.options import TagOptions
from function.tagging.tagger import Tagger
from tools import evaluate
from tools.evaluate import NOTHING, OTHER_THINGS, Answer

# Two cats, one taken for a dog; two dogs, right; a car that is surely a dog; a house that is nothing surely.
GIVEN = [
    Answer("cat", "cat", 0.95), Answer("cat", "dog", 0.65), Answer("dog", "dog", 0.85), Answer("dog", "dog", 0.35),
    Answer(OTHER_THINGS, "dog", 0.75), Answer(OTHER_THINGS, "cat", 0.45),
]  # fmt: skip


def test_figures_match_a_hand_calculation() -> None:
    report = evaluate.summarise("pet", ("cat", "dog"), GIVEN)
    assert (report.pictures, report.top_1) == (4, 3 / 4)
    assert (report.other_things, report.other_things_untagged) == (2, 1 / 2)
    assert report.recall == {"cat": 1 / 2, "dog": 1.0}
    assert report.precision == {"cat": 1.0, "dog": 2 / 4}  # said dog four times: two dogs, a cat and the car
    assert report.confusion == {
        "cat": {"cat": 1, "dog": 1, NOTHING: 0},
        "dog": {"cat": 0, "dog": 2, NOTHING: 0},
        OTHER_THINGS: {"cat": 0, "dog": 1, NOTHING: 1},
    }


def test_the_calibration_error_by_hand() -> None:
    """Bins of a tenth; two answers share one: |0.75 + 0.75 - 1| + |0.25 - 0|, over three."""
    given = [Answer("cat", "cat", 0.75), Answer("cat", "dog", 0.75), Answer("cat", "dog", 0.25)]
    assert evaluate.calibration_error(given) == pytest.approx((0.5 + 0.25) / 3)
    assert evaluate.calibration_error([Answer("cat", "cat", 1.0)]) == 0.0
    assert evaluate.calibration_error([]) == 0.0


def test_precision_or_recall_is_missing_without_predictions_or_pictures() -> None:
    report = evaluate.summarise("pet", ("cat", "dog", "fish"), GIVEN)
    assert report.precision["fish"] is None
    assert report.recall["fish"] is None
    assert "fish           precision      -  recall      -" in evaluate.as_text(report)


@pytest.fixture
def folder(tmp_path: Path, cat_photo: Image.Image) -> Path:
    """Crops of one photo under three names; a random model answers anything, but the same each time."""
    names = (
        "cat/long-hair-1.png",
        "cat/short-hair-2.jpg",
        "dog/1.png",
        "fish/long-hair-fin.png",
        "car/1.png",
        "car/2.jpg",
    )
    for number, name in enumerate(names):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cat_photo.crop((40 * number, 10 * number, 40 * number + 90, 10 * number + 90)).save(path)
    (tmp_path / "pictures" / "cat" / "notes.txt").write_text("not a picture")
    return tmp_path / "pictures"


def test_counts_the_answers_of_a_small_model(small_tagger: Tagger, folder: Path) -> None:
    pet, fur = evaluate.evaluate(small_tagger, folder)
    assert (pet.group, pet.pictures, pet.other_things) == ("pet", 4, 2)
    assert (fur.group, fur.pictures, fur.other_things) == (
        "fur",
        2,
        0,
    )  # a fish has no fur, whatever its file is called
    pictures = [path for path in sorted(folder.glob("*/*")) if path.suffix != ".txt" and path.parent.name != "car"]
    best = [small_tagger.tag(path.read_bytes(), TagOptions(min_score=0)).tags for path in pictures]
    hits = [
        next(tag.label for tag in tags if tag.group == "pet") == path.parent.name
        for tags, path in zip(best, pictures, strict=True)
    ]
    assert pet.top_1 == sum(hits) / 4
    assert sum(sum(row.values()) for row in pet.confusion.values()) == 6


def test_the_command_prints_json_and_draws_the_matrix(
    small_model: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plot = folder.parent / "confusion.png"
    command = ["evaluate", str(small_model), str(folder), "--json", "--plot", str(plot)]
    monkeypatch.setattr(sys, "argv", command)
    evaluate.main()
    pet, fur = json.loads(capsys.readouterr().out)
    assert pet["confusion"].keys() == {*pet["recall"], OTHER_THINGS}
    assert fur["pictures"] == 2
    with Image.open(plot) as drawn:
        assert drawn.format == "PNG"
    monkeypatch.setattr(sys, "argv", command[:3])
    evaluate.main()
    assert "pet: top-1 " in capsys.readouterr().out
