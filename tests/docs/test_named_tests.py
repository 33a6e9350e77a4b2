"""Every test that docs/reliability.md and docs/security.md name is there."""

import re
from pathlib import Path

import pytest

from tests.docs.conftest import DOCS

TESTS = Path(__file__).parents[1]
FILES = {path.relative_to(TESTS.parent).as_posix(): path.read_text(encoding="utf-8") for path in TESTS.rglob("*.py")}
_NAMED = re.compile(r"`([\w/]*\.py)?(?:::)?(test_\w+)?`")


@pytest.mark.parametrize("document", ["reliability", "security"])
def test_each_named_test_is_there(document: str) -> None:
    """A name is `path.py`, `path.py::test_name`, or, after one of those, `test_name` of any file."""
    named = [match for match in _NAMED.findall((DOCS / f"{document}.md").read_text(encoding="utf-8")) if any(match)]
    tests = [(path, name) for path, name in named if name or path.rpartition("/")[2].startswith("test_")]
    assert len(tests) > 10
    assert [test for test in tests if not _is_there(*test)] == []


def _is_there(path: str, name: str) -> bool:
    candidates = [text for file, text in FILES.items() if f"/{file}".endswith(f"/{path}" if path else "")]
    return any(not name or f"def {name}(" in text for text in candidates)
