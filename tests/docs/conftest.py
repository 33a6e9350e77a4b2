"""Blocks of code in the docs, so that tests can execute them."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def blocks(name: str, language: str) -> list[str]:
    """Return the content of every block of that language in `docs/<name>.md`; that there is none is an error."""
    text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found, f"docs/{name}.md has no {language} block"
    return found


def console(name: str) -> list[tuple[str, str]]:
    """Return every command of the console blocks of `docs/<name>.md`, with what it is said to print."""
    return [
        (command, answer)
        for block in blocks(name, "console")
        for command, answer in re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    ]
