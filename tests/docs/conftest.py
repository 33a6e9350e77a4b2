"""Blocks of code in the docs, so that tests can execute them."""

import re
from pathlib import Path

from tools import docs

DOCS = Path(__file__).parents[2] / "docs"


def blocks(name: str, language: str) -> list[str]:
    """Return the content of every block of `language` in `docs/<name>.md`; fail if there is none."""
    text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    contents = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert contents, f"docs/{name}.md has no {language} block"
    return contents


def console(name: str) -> list[tuple[str, str]]:
    """Return every command of the console blocks of `docs/<name>.md` with its documented output."""
    return docs.console((DOCS / f"{name}.md").read_text(encoding="utf-8"))
