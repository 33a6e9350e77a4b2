"""The label bank: all groups of labels with the embeddings of their prompts, stored in the baked model folder."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import safetensors.torch
import torch
import torch.nn.functional as F
from pydantic import TypeAdapter
from torch import Tensor

from function.errors import CheckpointError
from function.model.baked_folder import write_json
from function.model.tensor_file import TensorFile
from function.tagging.labels import Group, LabelSet

BANK_JSON, BANK_TENSORS = "labels.json", "labels.safetensors"

# Returns the embeddings of n texts: unit vectors, shape (n, dim).
EncodeTexts = Callable[[Sequence[str]], Tensor]


@dataclass(frozen=True)
class GroupEmbeddings:
    """A group with the embeddings of its `words`, in their order. Each has unit length.

    `embeddings` has shape (words, dim), or (parent_labels, words, dim) if the group has a parent. Logits are divided by
    `temperature` before the softmax.
    """

    group: Group
    embeddings: Tensor
    temperature: float = 1.0


@dataclass(frozen=True)
class LabelBank:
    """All groups of labels with their embeddings."""

    labels: LabelSet
    groups: tuple[GroupEmbeddings, ...]

    @classmethod
    def embed(cls, labels: LabelSet, encode: EncodeTexts) -> Self:
        """Return the bank of `labels`. `encode` is called once for each embedding, with its prompts."""
        return cls(labels, tuple(_embed_group(group, labels, encode) for group in labels.groups))

    def save(self, folder: Path) -> None:
        """Write the bank to the baked model folder `folder`."""
        write_json(folder / BANK_JSON, asdict(self.labels))
        tensors = {entry.group.name: entry.embeddings.contiguous() for entry in self.groups}
        safetensors.torch.save_file(tensors, folder / BANK_TENSORS)

    @classmethod
    def load(cls, folder: Path, labels_digest: str, dim: int, temperatures: Mapping[str, float]) -> Self:
        """Read the bank from the baked model folder `folder`. `temperatures` has those that are not 1, by group.

        Raises CheckpointError if the digest of its labels is not `labels_digest`, or the embeddings have another shape.
        """
        try:
            labels = TypeAdapter(LabelSet).validate_json((folder / BANK_JSON).read_bytes())
        except (OSError, ValueError) as error:
            raise CheckpointError(f"{folder / BANK_JSON}: missing or damaged: bake it again") from error
        if labels.digest != labels_digest:
            raise CheckpointError(f"{folder / BANK_JSON}: the labels differ from those in the manifest: bake it again")
        tensors = TensorFile(folder / BANK_TENSORS, {group.name: _shape(group, dim) for group in labels.groups})
        return cls(
            labels,
            tuple(
                GroupEmbeddings(group, tensors[group.name].clone(), temperatures.get(group.name, 1.0))
                for group in labels.groups
            ),
        )


def _shape(group: Group, dim: int) -> tuple[int, ...]:
    """Return the shape of a group's embeddings."""
    rows = len(group.words)
    return (len(group.parent_labels), rows, dim) if group.parent else (rows, dim)


def _embed_group(group: Group, labels: LabelSet, encode: EncodeTexts) -> GroupEmbeddings:
    """Return the embeddings of one group. A group with a parent is embedded once for each of its `parent_labels`."""

    def embed_all(parent_words: str) -> Tensor:
        texts = [words.replace("{parent}", parent_words) for words in group.words]
        return torch.stack([_embed_words(text, group.templates, encode) for text in texts])

    if group.parent is None:
        return GroupEmbeddings(group, embed_all(""))
    parent = next(other for other in labels.groups if other.name == group.parent)
    return GroupEmbeddings(group, torch.stack([embed_all(parent.labels[label]) for label in group.parent_labels]))


def _embed_words(words: str, templates: Sequence[str], encode: EncodeTexts) -> Tensor:
    """Return the embedding of `words`, unit length, shape (dim,): the mean over all templates, normalised.

    This is the prompt ensembling of Radford et al., "Learning Transferable Visual Models From Natural Language
    Supervision", 2021, section 3.1.4.
    """
    return F.normalize(encode([template.replace("{}", words) for template in templates]).mean(dim=0), dim=-1)
