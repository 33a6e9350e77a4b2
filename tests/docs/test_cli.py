"""docs/cli.md, executed: every command prints what the page says that it prints."""

import re
from pathlib import Path

import pytest

from function import cli
from tests.docs.conftest import console
from tools import docs


@pytest.mark.skipif(not docs.MODEL.is_dir(), reason="models/demo is not there yet")
def test_the_commands_print_what_the_page_says(tmp_path: Path) -> None:
    docs.prepare(tmp_path, docs.MODEL)
    written = docs.PAGE.read_text(encoding="utf-8")
    found = docs.executed(written, tmp_path)
    assert docs.agree(written, found), found


def test_numbers_may_differ_a_little_and_nothing_else() -> None:
    assert docs.agree("cat 0.97  dog 0.02", "cat 0.96  dog 0.03")
    assert not docs.agree("cat 0.97", "cat 0.90")
    assert not docs.agree("cat 0.97", "dog 0.97")
    assert not docs.agree("cat 0.97", "cat 0.97  dog 0.02")


def test_the_page_shows_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["tag", "--help"])
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    page = docs.PAGE.read_text(encoding="utf-8")
    assert {option for option in options if option not in page} == set()
    assert len(console("cli")) == 6
