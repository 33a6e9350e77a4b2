"""The semantic tests detect errors: each test here breaks one part of the service, and the accuracy drops."""

from dataclasses import replace

import pytest
import torch
from PIL import Image

from function.tagging.bank import GroupEmbeddings, LabelBank
from function.tagging.tagger import Tagger
from tests.semantic.conftest import Known, right_share, wrong_colours, wrong_pets
from tests.semantic.test_demo_model import COLOUR_FLOOR, PET_FLOOR


def with_images(pets: list[Known], images: list[Image.Image]) -> list[Known]:
    return [replace(known, image=image) for known, image in zip(pets, images, strict=True)]


def pet_share(tagger: Tagger, pets: list[Known]) -> float:
    return right_share(wrong_pets(tagger, pets), pets)


def test_accuracy_drops_if_pictures_are_upside_down(demo_tagger: Tagger, unseen_pets: list[Known]) -> None:
    flipped = [known.image.transpose(Image.Transpose.FLIP_TOP_BOTTOM) for known in unseen_pets]
    assert pet_share(demo_tagger, with_images(unseen_pets, flipped)) < PET_FLOOR - 0.1


def test_colours_are_confused_if_red_and_blue_are_swapped(demo_tagger: Tagger, unseen_colours: list[Known]) -> None:
    swapped = with_images(unseen_colours, [Image.merge("RGB", each.image.split()[::-1]) for each in unseen_colours])
    assert right_share(wrong_colours(demo_tagger, swapped), swapped) < COLOUR_FLOOR - 0.4


def wide(image: Image.Image, corner: int = 0) -> Image.Image:
    """Return the picture in a strip three times as wide: in its middle, or `corner` widths to the right."""
    strip = Image.new("RGB", (3 * image.width, image.height), (235, 235, 235))
    strip.paste(image, ((1 + corner) * image.width, 0))
    return strip


def test_accuracy_drops_with_the_wrong_crop(demo_tagger: Tagger, unseen_pets: list[Known]) -> None:
    """Moving the picture by its width shows the centre crop what a crop of the left end would show."""
    centred = [wide(known.image) for known in unseen_pets]
    assert pet_share(demo_tagger, with_images(unseen_pets, centred)) >= PET_FLOOR
    moved = [wide(known.image, corner=1) for known in unseen_pets]
    assert pet_share(demo_tagger, with_images(unseen_pets, moved)) < 0.3


def test_accuracy_drops_with_a_shuffled_label_bank(
    demo_tagger: Tagger, unseen_pets: list[Known], monkeypatch: pytest.MonkeyPatch
) -> None:
    pet, *others = demo_tagger.bank.groups
    labels, contexts = len(pet.group.labels), len(pet.group.context)
    alone, competitors = pet.embeddings[:labels], pet.embeddings[labels : -labels * contexts]
    beside = pet.embeddings[-labels * contexts :]
    rows = torch.cat([alone.roll(1, dims=0), competitors, beside.roll(contexts, dims=0)])
    shuffled = LabelBank(demo_tagger.bank.labels, (GroupEmbeddings(pet.group, rows), *others))
    monkeypatch.setattr(demo_tagger, "bank", shuffled)
    assert pet_share(demo_tagger, unseen_pets) < 0.3
