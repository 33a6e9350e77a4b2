"""`python -m tools.prompts` compares template sets on labelled pictures."""

import shutil
from pathlib import Path

import pytest

from function.tagging.labels import LabelSet
from function.tagging.tagger import Tagger
from tests.conftest import MAX_PIXELS
from tests.support.programs import ROOT
from tools import prompts
from tools.evaluate.evaluation import evaluate

# Few labels, because each set of templates encodes all prompts.
LABELS = """
[groups.pet]
templates = ["a drawing of a {}."]
background = ["car", "house"]
[groups.pet.labels]
cat = "cat"
dog = "dog"
fish = "fish"
[groups.fur]
parent = "pet"
parent_labels = ["cat", "dog"]
templates = ["a {}"]
[groups.fur.labels]
short-hair = "short-haired {parent}"
long-hair = "long-haired {parent}"
"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every third of the labelled drawings."""
    folder = tmp_path_factory.mktemp("pictures")
    for path in sorted((ROOT / "tests/pictures").glob("*/*.png"))[::3]:
        (folder / path.parent.name).mkdir(exist_ok=True)
        shutil.copy(path, folder / path.parent.name)
    return folder


def test_own_templates_give_the_figures_of_the_baked_labels(small_model: Path, pictures: Path) -> None:
    tagger = Tagger.load(small_model, "float32", MAX_PIXELS)
    baked = evaluate(tagger, pictures).groups
    results = dict(prompts.compare(tagger, LabelSet.read(), {"pet": ["a photo of a {}."]}, pictures))
    assert list(results) == [prompts.OWN, "pet"]
    own = results[prompts.OWN]
    assert [report.confusion for report in own] == [report.confusion for report in baked]
    for report, expected in zip(own, baked, strict=True):
        assert report.expected_calibration_error == pytest.approx(expected.expected_calibration_error, abs=1e-4)
    assert results["pet"] != own


def test_prints_a_row_for_each_set(
    demo_model: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "labels.toml"
    labels.write_text(LABELS)
    prompts.main([str(demo_model), str(pictures), "--labels", str(labels)])
    groups, header, *rows = capsys.readouterr().out.splitlines()
    assert (groups.split(), header.split()) == (["pet", "fur"], ["top-1", "quiet", "ECE"] * 2)
    assert [row[:14].strip() for row in rows] == [prompts.OWN, *prompts.read_sets(prompts.SETS)]
    for row in rows:
        top_1, quiet, error, *_ = row[14:].split()
        assert float(top_1.rstrip("%")) > 100 / 3
        assert 0 <= float(quiet.rstrip("%")) <= 100
        assert 0 <= float(error) <= 1


def test_a_folder_without_pictures_is_refused_in_one_line(demo_model: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^prompts: [^\n]+: no pictures in its folders$"):
        prompts.main([str(demo_model), str(tmp_path)])


@pytest.mark.parametrize("text", ['own = ["a photo"]', "own = []", 'own = "a {}"', "own = ["])
def test_a_broken_file_of_sets_is_refused_in_one_line(demo_model: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "sets.toml").write_text(text)
    with pytest.raises(SystemExit, match=r"^prompts: [^\n]+$"):
        prompts.main([str(demo_model), str(tmp_path), "--sets", str(tmp_path / "sets.toml")])
