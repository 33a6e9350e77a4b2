"""Our object tags are merged with the existing ones, within S3's rules."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from function.bulk.object_tags import MAX_TAGS, merged

TAGS: list[dict[str, Any]] = [
    {"label": "cat", "score": 0.971, "group": "pet"},
    {"label": "short-hair", "score": 0.7, "group": "fur", "of": "cat"},
    {"label": "dog", "score": 0.02, "group": "pet"},
]
_TEXT = st.text(min_size=1, max_size=300)


def test_best_tag_of_each_group_is_kept() -> None:
    assert merged({}, TAGS) == {"pet-tagger:pet": "cat 0.97", "pet-tagger:fur": "short-hair 0.70"}


def test_fur_type_of_another_pet_than_the_best_is_left_out() -> None:
    tags = [{"label": "fish", "score": 0.98, "group": "pet"}, *TAGS]
    assert merged({}, tags) == {"pet-tagger:pet": "fish 0.98"}


def test_our_tags_are_replaced_and_others_kept() -> None:
    present = {"owner": "me", "pet-tagger:pet": "dog 0.50", "pet-tagger:old": "x"}
    assert merged(present, TAGS[:1]) == {"owner": "me", "pet-tagger:pet": "cat 0.97"}


def test_image_without_tags_gets_no_object_tag() -> None:
    assert merged({"owner": "me"}, []) == {"owner": "me"}


@given(
    st.dictionaries(_TEXT, _TEXT, max_size=10),
    st.lists(st.fixed_dictionaries({"label": _TEXT, "score": st.floats(0, 1), "group": _TEXT}), max_size=20),
)
def test_result_follows_the_rules_of_s3_and_keeps_other_tags(
    present: dict[str, str], tags: list[dict[str, Any]]
) -> None:
    result = merged(present, tags)
    assert len(result) <= MAX_TAGS
    others = {key: value for key, value in present.items() if not key.startswith("pet-tagger:")}
    assert others.items() <= result.items()
    for key, value in result.items() - others.items():
        assert 0 < len(key) <= 128
        assert len(value) <= 256
        assert all(character.isalnum() or character in "+-=._:/@ _" or character == "_" for character in key + value)
