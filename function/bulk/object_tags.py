"""Tags as S3 object tags, beside those that are there: `pet-tagger:pet = cat 0.97`. An option, off by default.

Rules of S3 (User Guide, "Categorizing your storage using tags"): ten tags an object; keys of at most 128 characters,
values of at most 256; letters, digits, spaces and `+ - = . _ : / @`.
"""

import re
from typing import Any

MAX_TAGS = 10
_PREFIX = "pet-tagger:"
_MAX_KEY, _MAX_VALUE = 128, 256
_FORBIDDEN = re.compile(r"[^\w+\-=. _:/@]", re.UNICODE)


def merged(present: dict[str, str], tags: list[dict[str, Any]]) -> dict[str, str]:
    """Return the S3 tags that an object should have: what is `present`, ours replaced by the best of each group.

    What is not ours is never dropped: where ten are not enough, ours of the later groups are left out.
    """
    others = {key: value for key, value in present.items() if not key.startswith(_PREFIX)}
    best: dict[str, str] = {}
    for tag in tags:  # best first, so each group's first is its best
        best.setdefault(_allowed(_PREFIX + tag["group"], _MAX_KEY), _allowed(_value(tag), _MAX_VALUE))
    return others | dict(list(best.items())[: max(0, MAX_TAGS - len(others))])


def _value(tag: dict[str, Any]) -> str:
    return f"{tag['label']} {tag['score']:.2f}"


def _allowed(text: str, max_characters: int) -> str:
    return _FORBIDDEN.sub("_", text)[:max_characters]
