"""labels.toml is parsed, and each error in it is reported with its line number."""

from pathlib import Path

import pytest

from function.errors import LabelsError
from function.tagging.labels import LABELS_TOML, LabelSet, composite

GOOD = """\
[groups.pet]
templates = ["a photo of a {}."]
background = [
    "car",
    "tree",
]
context = ["person"]

[groups.pet.labels]
cat = "cat"
dog = "dog"

[groups.fur]
parent = "pet"
parent_labels = ["cat"]
templates = ["a {}"]

[groups.fur.labels]
long = "long-haired {parent}"
"""


def read(tmp_path: Path, text: str) -> LabelSet:
    path = tmp_path / "labels.toml"
    path.write_text(text, encoding="utf-8")
    return LabelSet.read(path)


def test_default_labels_are_the_expected_pets_and_furs() -> None:
    pet, fur = LabelSet.read(LABELS_TOML).groups
    assert list(pet.labels) == ["cat", "dog", "hamster", "rabbit", "bird", "fish", "turtle", "snake", "lizard"]
    assert set(fur.labels) == {"long-hair", "short-hair", "medium-hair"}
    assert (fur.parent, set(fur.parent_labels)) == ("pet", {"cat", "dog", "hamster", "rabbit"})


def test_groups_are_read_in_order(tmp_path: Path) -> None:
    labels = read(tmp_path, GOOD)
    assert [group.name for group in labels.groups] == ["pet", "fur"]
    assert labels.groups[0].background == ("car", "tree")
    assert labels.groups[0].context == ("person",)
    assert labels.groups[0].words == ("cat", "dog", "car", "tree", "person", "cat with a person", "dog with a person")
    assert labels.size == 8


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ("person", "cat with a person"),
        ("armchair", "cat with an armchair"),
        ("a person", "cat with a person"),
        ("an armchair", "cat with an armchair"),
        ("the sea", "cat with the sea"),
        ("anthill", "cat with an anthill"),
    ],
)
def test_label_beside_a_context_has_one_article(context: str, words: str) -> None:
    assert composite("cat", context) == words


def test_digest_ignores_comments_and_layout_but_not_content_or_order(tmp_path: Path) -> None:
    digest = read(tmp_path, GOOD).digest
    assert read(tmp_path, "# a comment\n" + GOOD.replace('["cat"]', '[\n  "cat", # furred\n]')).digest == digest
    assert read(tmp_path, GOOD.replace("a photo", "a picture")).digest != digest
    swapped = GOOD.replace('cat = "cat"\ndog = "dog"', 'dog = "dog"\ncat = "cat"')
    assert read(tmp_path, swapped).digest != digest


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('parent = "pet"', 'parent = "pets"', 14, "unknown parent 'pets'"),
        ('parent = "pet"', 'parent = ["pet"]', 14, "unknown parent ['pet']"),
        ('parent_labels = ["cat"]', 'parent_labels = ["cow"]', 15, "'cow' is not a label of 'pet'"),
        ('parent_labels = ["cat"]', 'parent_labels = ["cat", "cat"]', 15, "'cat' is repeated"),
        ('parent_labels = ["cat"]', "", 14, "no parent_labels"),
        ('parent = "pet"\n', "", 14, "parent_labels needs a parent"),
        ('dog = "dog"', 'dog = "cat"', 11, "duplicate words 'cat'"),
        ('    "tree",', '    "cat",', 5, "duplicate words 'cat'"),
        ('    "tree",', '    "car",', 5, "duplicate words 'car'"),
        ('long = "long', 'cat = "long', 19, "duplicate label 'cat'"),
        ('dog = "dog"', 'cat = "kitten"', 11, "Cannot overwrite a value"),
        ('cat = "cat"\ndog = "dog"\n', "", 9, "'pet' has no labels"),
        ('"a photo of a {}."', '"a photo of a."', 2, "must have one {}"),
        ('"a photo of a {}."', '"a {} of a {}."', 2, "must have one {}"),
        ('"a photo of a {}."', '"a {} of {0}."', 2, "must have one {}"),
        ('["a photo of a {}."]', "[]", 2, "has no templates"),
        ('["a photo of a {}."]', '"a photo of a {}."', 2, "must be a list of strings"),
        ("background", "backgrounds", 3, "unknown key 'backgrounds'"),
        ('["person"]', '["person", "car"]', 7, "duplicate words 'car'"),
        ('["person"]', '["person", "dog"]', 7, "duplicate words 'dog'"),
        ('["person"]', '["person", ""]', 7, "1 to 200 printable characters"),
        ('["person"]', '["a {parent}"]', 7, "has braces"),
        ('["person"]', '"person"', 7, "context must be a list of strings"),
        ('cat = "cat"', 'cat = "{parent}"', 10, "has braces"),
        ('cat = "cat"', 'cat = ""', 10, "1 to 200 printable characters"),
        ('cat = "cat"', "cat = 1", 10, "1 to 200 printable characters"),
        ("[groups.pet]", "[groups.pet", 1, "Expected"),
    ],
)
def test_error_names_file_and_line(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(LabelsError) as caught:
        read(tmp_path, GOOD.replace(old, new))
    assert f"line {line}" in str(caught.value)
    assert message in str(caught.value)
    assert str(tmp_path / "labels.toml") in str(caught.value)


def test_missing_file_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match=r"absent\.toml"):
        LabelSet.read(tmp_path / "absent.toml")


@pytest.mark.parametrize("text", ["", "x = 1", "groups = 1", "[groups]"])
def test_file_without_groups_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(LabelsError, match=r"expected \[groups"):
        read(tmp_path, text)
