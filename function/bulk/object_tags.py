"""Tags as S3 object tags, such as `pet-tagger:pet = cat 0.97`. Optional, off by default.

S3 allows ten tags an object, keys of at most 128 and values of at most 256 characters: letters, digits, spaces and
`+ - = . _ : / @` (Amazon S3 User Guide, "Categorizing your storage using tags").
"""

import re
from typing import Any

MAX_TAGS = 10
_PREFIX = "pet-tagger:"
_MAX_KEY, _MAX_VALUE = 128, 256
_FORBIDDEN = re.compile(r"[^\w+\-=. _:/@]", re.UNICODE)


def merged(present: dict[str, str], tags: list[dict[str, Any]]) -> dict[str, str]:
    """Return the S3 tags of an object: the `present` ones, with ours replaced by the best tag of each group.

    A fur type is left out if it does not belong to the best pet, because an S3 tag has no place for `of`. Tags of
    others are never dropped. If there is not enough room, our tags of the later groups are left out.
    """
    others = {key: value for key, value in present.items() if not key.startswith(_PREFIX)}
    best: dict[str, str] = {}
    labels: set[str | None] = {None}
    for tag in tags:  # best first, so the first of each group is its best
        key = _allowed(_PREFIX + tag["group"], _MAX_KEY)
        if key not in best and tag.get("of") in labels:
            best[key] = _allowed(f"{tag['label']} {tag['score']:.2f}", _MAX_VALUE)
            labels.add(tag["label"])
    return others | dict(list(best.items())[: max(0, MAX_TAGS - len(others))])


def _allowed(text: str, max_characters: int) -> str:
    """Return `text` with forbidden characters replaced, cut to the limit."""
    return _FORBIDDEN.sub("_", text)[:max_characters]
