"""`python -m tools.prompts` compares template sets on labelled pictures."""

from pathlib import Path

import pytest

from function.tagging.labels import LabelSet
from function.tagging.tagger import Tagger
from tests.conftest import MAX_PIXELS
from tests.support.programs import MODEL, ROOT
from tools import prompts
from tools.evaluate.evaluation import evaluate

PICTURES = ROOT / "tests/pictures"


def test_own_templates_give_the_figures_of_the_baked_labels(small_model: Path) -> None:
    tagger = Tagger.load(small_model, "float32", MAX_PIXELS)
    baked = evaluate(tagger, PICTURES).groups
    results = dict(prompts.compare(tagger, LabelSet.read(), {"pet": ["a photo of a {}."]}, PICTURES))
    assert list(results) == [prompts.OWN, "pet"]
    own = results[prompts.OWN]
    assert [report.confusion for report in own] == [report.confusion for report in baked]
    for report, expected in zip(own, baked, strict=True):
        assert report.expected_calibration_error == pytest.approx(expected.expected_calibration_error, abs=1e-4)
    assert results["pet"] != own


def test_prints_a_row_for_each_set(capsys: pytest.CaptureFixture[str]) -> None:
    prompts.main([str(ROOT / MODEL), str(PICTURES)])
    groups, header, *rows = capsys.readouterr().out.splitlines()
    assert (groups.split(), header.split()) == (["pet", "fur"], ["top-1", "quiet", "ECE"] * 2)
    assert [row[:14].strip() for row in rows] == [prompts.OWN, *prompts.read_sets(prompts.SETS)]
    for row in rows:
        top_1, quiet, error, *_ = row[14:].split()
        assert float(top_1.rstrip("%")) > 100 / 9
        assert 0 <= float(quiet.rstrip("%")) <= 100
        assert 0 <= float(error) <= 1


@pytest.mark.parametrize("text", ['own = ["a photo"]', "own = []", 'own = "a {}"', "own = ["])
def test_a_broken_file_of_sets_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "sets.toml").write_text(text)
    with pytest.raises(SystemExit, match=r"^prompts: [^\n]+$"):
        prompts.main([str(ROOT / MODEL), str(PICTURES), "--sets", str(tmp_path / "sets.toml")])


def test_openai_sets_have_seven_templates_and_one() -> None:
    assert {name: len(templates) for name, templates in prompts.read_sets(prompts.SETS).items()} == {
        "openai-7": 7,
        "pet": 1,
    }
