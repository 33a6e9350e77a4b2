"""The model's answers for every picture, kept in a file, so that an interrupted run continues."""

import hashlib
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from tqdm import tqdm

from function.errors import ImageError, RequestError
from function.model.baked_folder import Manifest
from function.tagging.options import TagOptions
from function.tagging.scoring import Tag
from function.tagging.tagger import Tagger
from tools.accuracy.pets import BREEDS, TEMPLATE

_FUNCTION = Path(__file__).parents[2] / "function"
Best = tuple[str, float, float]  # the best label of a group, its score, and the sum of the group's scores


class AnswerFile:
    """Answers by the name of the picture, one line of JSON each.

    An answer has the best label of each group (`pet`, `fur`) and `breed`, or `error` for a picture that cannot be read.
    """

    def __init__(self, path: Path) -> None:
        """Read the complete lines of `path`, and cut off a line that was not finished."""
        self._path = path
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
        complete = [line for line in lines if line.endswith("\n")]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(complete), encoding="utf-8")
        self.answers: dict[str, dict[str, Any]] = {
            (entry := json.loads(line)).pop("picture"): entry for line in complete
        }

    @classmethod
    def of(cls, model: Path, folder: Path) -> Self:
        """Return the answers in `folder` of the baked folder `model` with the code that there is now."""
        digest = hashlib.sha256(Manifest.read(model).as_text().encode())
        for path in sorted(_FUNCTION.rglob("*.py")):
            digest.update(path.read_bytes())
        return cls(folder / f"{digest.hexdigest()[:16]}.jsonl")

    def tag_missing(self, tagger: Tagger, pictures: Iterable[tuple[str, bytes]], total: int, breeds: bool) -> None:
        """Tag each picture that has no answer yet; with `breeds`, also with the breeds as candidate labels."""
        with self._path.open("a", encoding="utf-8") as file:
            for name, data in tqdm(pictures, desc="tagging", total=total, unit=" picture", disable=None):
                if name not in self.answers:
                    self.answers[name] = _answer(tagger, data, breeds)
                    file.write(json.dumps({"picture": name, **self.answers[name]}) + "\n")
                    file.flush()


def _answer(tagger: Tagger, data: bytes, breeds: bool) -> dict[str, Any]:
    """Return one picture's answer."""
    try:
        tags = tagger.tag(data, TagOptions(min_score=0.0)).tags
        answer: dict[str, Any] = {group: _best(tag for tag in tags if tag.group == group) for group in ("pet", "fur")}
        if breeds:
            words = tuple(breed.words for breed in BREEDS.values())
            options = TagOptions(candidate_labels=words, hypothesis_template=TEMPLATE, top_k=1)
            answer["breed"] = _best(tagger.tag(data, options).tags)
    except (ImageError, RequestError) as error:
        return {"error": str(error)}
    return answer


def _best(tags: Iterable[Tag]) -> Best | None:
    """Return the first tag, because tags are sorted by score, and the sum of all scores."""
    sorted_tags = list(tags)
    if not sorted_tags:
        return None
    return sorted_tags[0].label, sorted_tags[0].score, math.fsum(tag.score for tag in sorted_tags)
