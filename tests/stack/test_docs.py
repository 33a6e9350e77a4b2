"""The console blocks of the pages that start on the local stack print what the pages show."""

import pytest

from tests.docs.conftest import DOCS
from tests.stack.conftest import Stack
from tests.support.waiting import wait_for
from tools import docs

pytestmark = pytest.mark.e2e
DOWNLOAD = "aws s3 cp --quiet --recursive s3://$RESULTS"


@pytest.mark.parametrize("page", ["bulk", "operations"])
def test_commands_print_the_documented_output(stack: Stack, page: str) -> None:
    commands = docs.console((DOCS / f"{page}.md").read_text(encoding="utf-8"))
    assert commands
    for command, documented in commands:
        command_here = command.replace("build/stack", str(stack.folder))
        if command.startswith(DOWNLOAD):
            _download_when_there_is_a_result(stack, command_here)
        printed = stack.shell(command_here)
        assert docs.agree(printed.stdout.strip(), documented.strip()), printed


def _download_when_there_is_a_result(stack: Stack, command: str) -> None:
    def download() -> bool:
        stack.shell(command)
        return any((stack.folder / "results").rglob("*.json"))

    wait_for(download)
