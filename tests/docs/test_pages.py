"""Every command in the docs is executed, and its output, including the demo model's scores, matches the page."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from function import cli
from function.api.app import openapi_document
from tests.docs.conftest import console
from tests.support.programs import ROOT, require
from tools import docs

README = ROOT / "README.md"
# Commands that `tools.docs` cannot execute, and the tests that run them.
RUN_ELSEWHERE = {
    "make run": "tests/scripts/test_run.py",
    "make test": ".ci/run",
    "scripts/test-clip.sh": "tests/scripts/test_run.py",
    "scripts/access-logs-role.sh": "tests/scripts/test_deploy.py",
    "make build": "tests/e2e/conftest.py",
}
# The programs that some targets of `make` run.
RUNS = {"make run": "scripts/run.sh", "make build": 'SAM, "build"'}
NEEDS_AN_ACCOUNT = {"aws cloudformation deploy", "make deploy", "make smoke-test"}


@pytest.fixture(scope="module")
def prepared(demo_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    require("jq")
    folder = tmp_path_factory.mktemp("docs")
    with docs.prepared(folder, demo_model) as port:
        yield folder, port


@pytest.mark.parametrize("page", docs.PAGES, ids=lambda page: page.name)
def test_commands_print_the_documented_output(prepared: tuple[Path, int], page: Path) -> None:
    written = page.read_text(encoding="utf-8")
    assert docs.executed(written, *prepared) == written, "run `make docs` and commit"


def test_comparison_allows_only_small_differences_of_numbers_and_random_ids() -> None:
    assert docs.agree("cat 0.97  dog 0.02", "cat 0.96  dog 0.03")
    assert docs.agree("-0.004, 1e-06", "0.001, 0.0")
    assert docs.agree(f"id {'0a' * 16}", f"id {'f1' * 16}")
    assert not docs.agree("cat 0.97", "cat 0.90")
    assert not docs.agree("top_k 3", "top_k 4")
    assert not docs.agree("cat 0.97", "dog 0.97")
    assert not docs.agree("cat 0.97", "cat 0.97  dog 0.02")


def test_the_readme_shows_a_picture_that_is_tagged_right() -> None:
    command, answer = docs.console(README.read_text(encoding="utf-8"))[0]
    (label,) = re.findall(r"@tests/pictures/(\w+)/", command)
    assert answer.startswith(f'[{{"label":"{label}",')


def test_every_other_command_of_the_readme_is_executed_by_a_test() -> None:
    blocks = re.findall(r"^```bash\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    commands = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines() if line]
    known = RUN_ELSEWHERE.keys() | NEEDS_AN_ACCOUNT
    assert {command for command in commands if not any(command.startswith(name) for name in known)} == set()
    for command, test in RUN_ELSEWHERE.items():
        program = RUNS.get(command, command)
        assert program in (ROOT / test).read_text(encoding="utf-8"), f"{test} does not run {command}"


def test_the_readme_names_every_route_and_every_error() -> None:
    readme = README.read_text(encoding="utf-8")
    operations = [(method.upper(), path) for path, item in openapi_document()["paths"].items() for method in item]
    for method, path in [*operations, ("GET", "/"), ("GET", "/docs"), ("GET", "/openapi.json")]:
        assert f"`{method} {path}`" in readme


@pytest.mark.parametrize("page", [README, *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name)
def test_targets_of_links_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)|(?:src|srcset|href)=\"([^\"]+)\"", text)
    paths = [link for link in ("".join(pair) for pair in links) if "://" not in link]
    assert [link for link in paths if not (page.parent / link).exists()] == []


@pytest.mark.parametrize(
    "page", [README, ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda page: page.name
)
def test_paths_that_a_page_names_exist(page: Path) -> None:
    folders = "benchmarks|docs|events|examples|function|infra|models|scripts|tests|tools"
    paths = re.findall(rf"`((?:{folders})/[\w./-]+)`", page.read_text(encoding="utf-8"))
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_readme_shows_the_page_and_the_pictures_are_small() -> None:
    shown = set(re.findall(r"docs/images/[\w.-]+", README.read_text(encoding="utf-8")))
    there = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs/images").iterdir()}
    assert shown == there
    assert len(shown) >= 3
    assert sum((ROOT / path).stat().st_size for path in shown) < 400_000


def test_the_page_of_the_command_line_shows_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["tag", "--help"])
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    page = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    assert {option for option in options if option not in page} == set()
    assert len(console("cli")) == 7
