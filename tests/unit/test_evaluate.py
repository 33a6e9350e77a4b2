"""The figures of tools.evaluate match hand calculations and the answers of a small model."""

import json
import math
import shutil
from pathlib import Path

import pytest
from PIL import Image

from function.model.baked_folder import Manifest, verify
from function.tagging.options import TagOptions
from function.tagging.scoring import GroupLogits
from function.tagging.tagger import Tagger
from tests.conftest import MAX_PIXELS
from tools.evaluate import calibration, figures
from tools.evaluate.__main__ import main
from tools.evaluate.evaluation import evaluate
from tools.evaluate.figures import NOTHING, OTHER_THINGS, Answer
from tools.evaluate.pictures import observe

# Two cats, one taken for a dog; two dogs, right; a car that is surely a dog; a house that is nothing surely.
GIVEN = [
    Answer("cat", "cat", 0.95, 1.0), Answer("cat", "dog", 0.65, 0.7), Answer("dog", "dog", 0.85, 0.9),
    Answer("dog", "dog", 0.35, 0.4), Answer(OTHER_THINGS, "dog", 0.75, 0.8), Answer(OTHER_THINGS, "cat", 0.45, 0.5),
]  # fmt: skip


def test_figures_match_a_hand_calculation() -> None:
    report = figures.summarise("pet", ("cat", "dog"), GIVEN)
    assert (report.pictures, report.top_1) == (4, 3 / 4)
    assert (report.other_things, report.other_things_untagged) == (2, 1 / 2)
    assert report.recall == {"cat": 1 / 2, "dog": 1.0}
    assert report.precision == {"cat": 1.0, "dog": 2 / 4}  # said dog four times: two dogs, a cat and the car
    assert report.confusion == {
        "cat": {"cat": 1, "dog": 1, NOTHING: 0},
        "dog": {"cat": 0, "dog": 2, NOTHING: 0},
        OTHER_THINGS: {"cat": 0, "dog": 1, NOTHING: 1},
    }


def test_calibration_error_matches_a_hand_calculation() -> None:
    """Bins of a tenth; two answers share one: |0.75 + 0.75 - 1| + |0.25 - 0|, over three."""
    rows = [("cat", 0.75), ("dog", 0.75), ("dog", 0.25)]
    assert figures.calibration_error([Answer("cat", best, score, 1.0) for best, score in rows]) == pytest.approx(
        (0.5 + 0.25) / 3
    )
    assert figures.calibration_error([Answer("cat", "cat", 1.0, 1.0)]) == 0.0
    assert figures.calibration_error([]) == 0.0


def test_precision_or_recall_is_missing_without_predictions_or_pictures() -> None:
    report = figures.summarise("pet", ("cat", "dog", "fish"), GIVEN)
    assert report.precision["fish"] is None
    assert report.recall["fish"] is None


@pytest.mark.parametrize(
    ("threshold", "precision", "recall"), [(0.5, 3 / 4, 3 / 4), (0.45, 3 / 5, 3 / 4), (0.95, 1.0, 1 / 4)]
)
def test_presence_matches_a_hand_calculation(threshold: float, precision: float, recall: float) -> None:
    result = figures.presence(GIVEN, threshold)
    assert (result.precision, result.recall) == (precision, recall)
    assert result.f1 == pytest.approx(2 * precision * recall / (precision + recall))
    assert (result.pictures, result.others) == (4, 2)
    assert (result.top_1, result.right_and_sure, result.quiet) == (3 / 4, 2 / 4, 1 / 2)


def test_presence_is_split_by_context() -> None:
    beside = [Answer("cat", "cat", 0.9, 0.9, has_context=True), Answer(OTHER_THINGS, "cat", 0.6, 0.6, has_context=True)]
    splits = figures.by_context([*GIVEN, *beside])
    assert splits["without context"] == figures.presence(GIVEN)
    assert splits["with context"] == figures.presence(beside)
    assert (splits["all"].pictures, splits["all"].others) == (5, 3)
    assert figures.by_context(GIVEN).keys() == {"all", "without context"}


def sure_logits(truth: int, sureness: float) -> GroupLogits:
    """Logits of two labels and one competitor; `truth` is the position of the highest, 2 for the competitor."""
    logits = [sureness if i == truth else 0.0 for i in range(3)]
    return GroupLogits(logits[:2], logits[:2], logits[2:])


def test_fitted_temperature_makes_scores_as_high_as_the_share_of_right_answers() -> None:
    """Of ten pictures of the first label, one is taken for the second, and its score is 0.97 or higher."""
    given = [(sure_logits(0, 6.0), 0)] * 9 + [(sure_logits(1, 6.0), 0)]
    fitted = calibration.fit(given)
    assert fitted is not None
    assert fitted.temperature > 1.5
    assert fitted.loss < fitted.loss_at_1 == pytest.approx(calibration.loss(given, 1.0))
    around = [calibration.loss(given, fitted.temperature * factor) for factor in (0.9, 1.1)]
    assert fitted.loss < min(around)


def test_loss_of_other_things_is_that_of_no_label() -> None:
    given = [(sure_logits(2, 3.0), None)]
    presence = 1 / (1 + math.exp(3.0))
    assert calibration.loss(given, 1.0) == pytest.approx(-math.log(1 - presence))


def test_temperature_is_not_fitted_without_errors_or_pictures() -> None:
    assert calibration.fit([(sure_logits(0, 6.0), 0)] * 10) is None
    assert calibration.fit([]) is None


@pytest.fixture
def folder(tmp_path: Path, cat_photo: Image.Image) -> Path:
    """Crops of one photo under several names; a random model answers anything, but the same each time."""
    names = (
        "cat/long-hair-1.png",
        "cat/short-hair-2.jpg",
        "dog with person/medium-hair-1.png",
        "fish/long-hair-fin.png",
        "person/1.png",
        "car/1.png",
        "car/2.jpg",
    )
    for number, name in enumerate(names):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cat_photo.crop((40 * number, 10 * number, 40 * number + 90, 10 * number + 90)).save(path)
    (tmp_path / "pictures" / "cat" / "notes.txt").write_text("not a picture")
    (tmp_path / "pictures" / "cat" / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    return tmp_path / "pictures"


def test_folder_names_say_what_the_pictures_show(small_tagger: Tagger, folder: Path) -> None:
    shown = {each.picture.path.parent.name: each.picture for each in observe(small_tagger, folder)}
    assert {name: (picture.label, picture.context) for name, picture in shown.items()} == {
        "cat": ("cat", None),
        "dog with person": ("dog", "person"),
        "fish": ("fish", None),
        "person": (None, "person"),
        "car": (None, None),
    }


def test_counts_the_answers_of_a_small_model(small_tagger: Tagger, folder: Path) -> None:
    report = evaluate(small_tagger, folder)
    pet, fur = report.groups
    assert (pet.group, pet.pictures, pet.other_things) == ("pet", 4, 3)
    assert (fur.group, fur.pictures, fur.other_things) == ("fur", 3, 0)  # a fish has no fur, whatever its file's name
    pictures = sorted(path for path in folder.glob("*/*") if path.name not in {"notes.txt", "broken.jpg"})
    best = {path: small_tagger.tag(path.read_bytes(), TagOptions(min_score=0)).tags for path in pictures}
    hits = [path.parent.name.startswith(tags[0].label) for path, tags in best.items()]
    assert pet.top_1 == sum(hits) / 4
    assert sum(sum(row.values()) for row in pet.confusion.values()) == 7
    sums = {path: sum(tag.score for tag in tags if tag.group == "pet") for path, tags in best.items()}
    others = [path for path in pictures if path.parent.name in {"person", "car"}]
    presence = evaluate(small_tagger, folder, threshold=max(sums.values())).presence
    assert presence["all"].recall == 0
    assert presence["with context"].pictures == presence["with context"].others == 1
    everything = evaluate(small_tagger, folder, threshold=min(sums.values()) - 1e-6).presence["all"]
    assert (everything.recall, everything.precision) == (1.0, 4 / 7)
    row = next(row for row in report.min_scores if row.min_score == 0.05)
    counts = [sum(tag.score >= 0.05 and tag.group == "pet" for tag in best[path]) for path in others]
    assert row.tags_on_others == pytest.approx(sum(counts) / len(others))


def test_without_composites_a_context_competes_as_a_word(small_tagger: Tagger, folder: Path) -> None:
    group = small_tagger.bank.labels.groups[0]
    observations = observe(small_tagger, folder)
    for each, former in zip(observations, figures.former_answers(observations, group), strict=True):
        logits = each.logits["pet"]
        powers = [math.exp(logit) for logit in (*logits.alone, *logits.competitors)]
        assert len(powers) == len(group.labels) + len(group.background) + len(group.context)
        assert former.score == pytest.approx(max(powers[: len(group.labels)]) / sum(powers))
        assert former.presence == pytest.approx(sum(powers[: len(group.labels)]) / sum(powers))


def test_command_writes_json_and_draws_the_matrix(
    small_model: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plot, report = folder.parent / "confusion.png", folder.parent / "report.json"
    main([str(small_model), str(folder), "--json", str(report), "--plot", str(plot)])
    written = json.loads(report.read_text())
    pet, fur = written["groups"]
    assert pet["confusion"].keys() == {*pet["recall"], OTHER_THINGS}
    assert fur["pictures"] == 3
    assert written["presence"].keys() == written["presence_without_composites"].keys()
    with Image.open(plot) as drawn:
        assert drawn.format == "PNG"
    printed = capsys.readouterr()
    assert "pet: top-1 " in printed.out
    assert "with context" in printed.out
    assert "min_score 0.01" in printed.out
    assert f"evaluate: {folder}/cat/broken.jpg: " in printed.err


def test_written_temperature_changes_the_scores_and_the_folder_stays_valid(
    small_model: Path, folder: Path, tmp_path: Path, cat_jpeg: bytes
) -> None:
    model = shutil.copytree(small_model, tmp_path / "model")
    before = Tagger.load(model, "float32", MAX_PIXELS)
    main([str(model), str(folder), "--write-temperature"])
    temperatures = Manifest.read(model).temperatures
    assert temperatures["pet"] > 1.5  # a random model is too sure
    assert verify(model).temperatures == temperatures
    after = Tagger.load(model, "float32", MAX_PIXELS)
    logits = TagOptions(function_to_apply="none")
    assert after.tag(cat_jpeg, logits).tags == before.tag(cat_jpeg, logits).tags
    assert after.tag(cat_jpeg).tags[0].score < before.tag(cat_jpeg).tags[0].score
    main([str(model), str(folder), "--write-temperature"])
    assert Manifest.read(model).temperatures == temperatures


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{checkpoint}", "{folder}", "--write-temperature"], "needs a baked model folder"),
        (["{model}", "{folder}/cat"], "no pictures in its folders"),
        (["/no/such/model", "{folder}"], "no such folder"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(
    small_model: Path, small_checkpoint: Path, folder: Path, arguments: list[str], message: str
) -> None:
    places = {"model": small_model, "checkpoint": small_checkpoint, "folder": folder}
    with pytest.raises(SystemExit, match=rf"^evaluate: [^\n]*{message}"):
        main([argument.format(**places) for argument in arguments])
