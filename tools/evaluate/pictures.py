"""A folder of pictures whose folder names say what they show, and the model's answers for them."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from function.errors import ImageError, RequestError
from function.tagging.labels import Group
from function.tagging.scoring import GroupLogits, Tag, group_logits, label_scores, rank
from function.tagging.tagger import Tagger

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}
_WITH = " with "


@dataclass(frozen=True)
class Picture:
    """One picture. `label` is None if it shows none of the labels; `context` is None if no context is in it."""

    path: Path
    label: str | None
    context: str | None = None

    def label_of(self, group: Group) -> str | None:
        """Return the label of a dependent group that the file name contains, if the picture's label has that group."""
        if self.label not in group.parent_labels:
            return None
        return next((label for label in group.labels if label in self.path.stem), None)


@dataclass(frozen=True)
class Observation:
    """The tags of a picture, best first, and the logits of each group for the true labels of the groups above it."""

    picture: Picture
    tags: list[Tag]
    logits: dict[str, GroupLogits]

    def tags_of(self, group: str) -> list[Tag]:
        """Return the tags of one group, best first."""
        return [tag for tag in self.tags if tag.group == group]


def read_folder(folder: Path, group: Group) -> Iterator[Picture]:
    """Yield the pictures of `FOLDER/<label>`, `FOLDER/<label> with <context>`, `FOLDER/<context>` and other folders."""
    for path in sorted(folder.glob("*/*")):
        if path.suffix.lower() in SUFFIXES:
            yield Picture(path, *_shown(path.parent.name, group))


def _shown(name: str, group: Group) -> tuple[str | None, str | None]:
    """Return the label and the context that the name of a folder stands for."""
    if name in group.labels:
        return name, None
    label, _, context = name.partition(_WITH)
    if label in group.labels:
        return label, context
    return None, name if name in group.context else None


def observe(tagger: Tagger, folder: Path) -> list[Observation]:
    """Return the model's answers on the pictures of `folder`, in the order of their names."""
    first = tagger.bank.labels.groups[0]
    pictures = tqdm(list(read_folder(folder, first)), desc="tagging", disable=None)
    return [seen for picture in pictures if (seen := _observe(tagger, picture))]


def _observe(tagger: Tagger, picture: Picture) -> Observation | None:
    """Return the model's answer for a picture, None if the picture is broken."""
    try:
        image_embedding = tagger.embed_image(picture.path.read_bytes()).vectors[0]
    except (ImageError, RequestError) as error:
        print(f"evaluate: {picture.path}: {error}", file=sys.stderr)
        return None
    scale = tagger.manifest.logit_scale
    logits = {
        entry.group.name: group_logits(image_embedding, entry, scale, picture.label if entry.group.parent else None)
        for entry in tagger.bank.groups
        if entry.group.parent is None or picture.label_of(entry.group)
    }
    tags = label_scores(image_embedding, tagger.bank, scale)
    return Observation(picture, rank(tags, None, 0.0), logits)
