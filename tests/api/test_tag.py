"""POST /tag: every kind of body gets the same tags, and mistakes get the right problem document."""

from collections.abc import Callable
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from function.settings import Settings
from function.tagging.options import TagOptions
from function.tagging.tagger import Tagger
from tests.support.problems import is_problem
from tests.support.request_cases import encoded


def test_answers_tags_best_first(client: TestClient, small_tagger: Tagger, cat_jpeg: bytes) -> None:
    response = client.post("/tag", files={"file": ("cat.jpg", cat_jpeg, "image/jpeg")})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    tags = response.json()
    expected = small_tagger.tag(cat_jpeg).tags
    assert [(tag["label"], tag["group"]) for tag in tags] == [(tag.label, tag.group) for tag in expected]
    assert [tag["score"] for tag in tags] == pytest.approx([tag.score for tag in expected], abs=1e-6)
    assert all(set(tag) == {"label", "score", "group"} for tag in tags if tag["group"] == "pet")
    assert [tag.get("of") for tag in tags] == [tag.of for tag in expected]
    assert {"pet", "fur"} == {tag["group"] for tag in tags}


def test_replaces_only_empty_braces_of_the_template() -> None:
    options = TagOptions(candidate_labels=("cat", "dog"), hypothesis_template="a photo of a {} {x}.")
    assert options.prompts == ["a photo of a cat {x}.", "a photo of a dog {x}."]


EACH_WAY = ("query", "form", "json")


def posted(client: TestClient, way: str, image: bytes, options: dict[str, Any] | None = None) -> Response:
    """Send the image and the options: in the query, in a form or in JSON."""
    if way == "query":
        return client.post("/tag", content=image, params=options)
    if way == "form":
        return client.post("/tag", files={"file": image}, data=options)
    return client.post("/tag", json={"inputs": encoded(image), "parameters": options})


def tags_of(client: TestClient, way: str, image: bytes, options: dict[str, Any]) -> Any:
    """Return the tags for the image and the options."""
    response = posted(client, way, image, options)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize("way", EACH_WAY)
@pytest.mark.parametrize("kind", [list, ", ".join])
def test_options_work_the_same_in_query_form_and_json(
    client: TestClient, small_tagger: Tagger, cat_jpeg: bytes, way: str, kind: Callable[[tuple[str, ...]], Any]
) -> None:
    options: dict[str, Any] = {"hypothesis_template": "an image of {}", "top_k": 2}
    labels = ("a cat", "a dog", "a bird")
    tags = tags_of(client, way, cat_jpeg, {**options, "candidate_labels": kind(labels)})
    expected = small_tagger.tag(cat_jpeg, TagOptions(candidate_labels=labels, **options)).tags
    assert tags == [tag.to_json() for tag in expected]
    assert [tag["group"] for tag in tags] == ["custom", "custom"]


@pytest.mark.parametrize("way", EACH_WAY)
@pytest.mark.parametrize("false", [False, "false", "0"])
def test_without_background_the_pets_share_the_whole_score(
    client: TestClient, cat_jpeg: bytes, way: str, false: bool | str
) -> None:
    tags = tags_of(client, way, cat_jpeg, {"background": false, "min_score": 0})
    pets = [tag for tag in tags if tag["group"] == "pet"]
    with_background = [tag for tag in tags_of(client, way, cat_jpeg, {"min_score": 0}) if tag["group"] == "pet"]
    assert sum(tag["score"] for tag in pets) == pytest.approx(1, abs=1e-5)
    assert sum(tag["score"] for tag in with_background) < 0.99
    assert [tag["label"] for tag in pets] == [tag["label"] for tag in with_background]


@pytest.mark.parametrize("way", EACH_WAY)
def test_background_labels_compete_and_are_not_returned(client: TestClient, cat_jpeg: bytes, way: str) -> None:
    everything = tags_of(client, way, cat_jpeg, {"candidate_labels": "a cat,a dog,a car,a tree"})
    tags = tags_of(
        client, way, cat_jpeg, {"candidate_labels": "a cat,a dog", "background_labels": "a car,a tree,a dog,"}
    )
    assert tags == [tag for tag in everything if tag["label"] in {"a cat", "a dog"}]
    assert len(tags) == 2


@pytest.mark.parametrize("way", EACH_WAY)
def test_logits_are_returned_by_group_and_have_no_default_minimum(
    client: TestClient, small_tagger: Tagger, cat_jpeg: bytes, way: str
) -> None:
    tags = tags_of(client, way, cat_jpeg, {"function_to_apply": "none"})
    assert [tag["group"] for tag in tags] == ["pet"] * 9 + ["fur"] * 3
    assert [tag["score"] for tag in tags[:9]] == sorted((tag["score"] for tag in tags[:9]), reverse=True)
    own = tags_of(client, way, cat_jpeg, {"function_to_apply": "none", "candidate_labels": "cat,dog"})
    image = small_tagger.embed_image(cat_jpeg).vectors[0]
    texts = small_tagger.embed_texts(["This is a photo of cat.", "This is a photo of dog."]).vectors
    expected = dict(zip(["cat", "dog"], (small_tagger.manifest.logit_scale * texts @ image).tolist(), strict=True))
    assert {tag["label"]: tag["score"] for tag in own} == pytest.approx(expected, abs=1e-3)
    minimum = own[0]["score"] - 0.001
    kept = tags_of(
        client, way, cat_jpeg, {"function_to_apply": "none", "candidate_labels": "cat,dog", "min_score": minimum}
    )
    assert kept == [tag for tag in own if tag["score"] >= minimum]
    assert kept


def test_options_in_the_body_override_the_query(client: TestClient, cat_jpeg: bytes) -> None:
    response = client.post("/tag?top_k=5", files={"file": cat_jpeg}, data={"top_k": 1, "min_score": 0})
    assert len(response.json()) == 1


def test_blank_options_of_forms_and_queries_are_ignored(client: TestClient, cat_jpeg: bytes) -> None:
    blank = {"candidate_labels": "", "hypothesis_template": "", "top_k": "", "min_score": ""}
    files = [("file", ("cat.jpg", cat_jpeg)), ("image", ("", b""))]
    response = client.post("/tag", files=files, data=blank)
    built_in = client.post("/tag", content=cat_jpeg).json()
    assert (response.status_code, response.json()) == (200, built_in)
    response = client.post("/tag", content=cat_jpeg, params=blank)
    assert (response.status_code, response.json()) == (200, built_in)
    nothing = client.post("/tag", files=[("file", ("", b"")), ("image", ("", b""))], data=blank)
    is_problem(nothing, 400, "missing_image")


def test_high_min_score_returns_an_empty_list(client: TestClient, cat_jpeg: bytes) -> None:
    response = client.post("/tag?min_score=1", content=cat_jpeg)
    assert (response.status_code, response.json()) == (200, [])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"top_k": 0}, "top_k"),
        ({"top_k": "many"}, "top_k"),
        ({"min_score": 1.5}, "min_score"),
        ({"min_score": "nan"}, "min_score"),
        ({"candidate_labels": " "}, "candidate_labels: at least one label is required."),
        ({"candidate_labels": "[]"}, "candidate_labels: at least one label is required."),
        ({"candidate_labels": "cat,,dog"}, "candidate_labels"),
        ({"candidate_labels": ",".join(f"l{i}" for i in range(101))}, "candidate_labels"),
        ({"candidate_labels": "x" * 201}, "candidate_labels"),
        ({"candidate_labels": "cat", "hypothesis_template": "a photo"}, "hypothesis_template: must have one {} for"),
        ({"candidate_labels": "cat", "hypothesis_template": "a {} {}"}, "must have one {}"),
        ({"hypothesis_template": "a {}"}, "only allowed together with candidate_labels"),
        (
            {"topk": 3},
            "topk: unknown option; known options: candidate_labels, hypothesis_template, top_k, min_score, back",
        ),
        ({"function_to_apply": "sigmoid"}, "function_to_apply: Input should be 'softmax' or 'none'"),
        ({"background": "perhaps"}, "background: "),
        ({"background_labels": "a car"}, "background_labels: only allowed together with candidate_labels"),
        (
            {"candidate_labels": "a cat", "background_labels": "a car", "background": "false"},
            "background_labels: not allowed if background is false",
        ),
        (
            {
                "candidate_labels": ",".join(f"l{i}" for i in range(60)),
                "background_labels": ",".join(f"b{i}" for i in range(41)),
            },
            "background_labels: at most 100 labels are allowed in total",
        ),
        ({"min_score": 25, "function_to_apply": "softmax"}, "min_score: must be from 0 to 1"),
        ({"candidate_labels": f"a cat,{'x' * 76}", "hypothesis_template": "{}"}, f"'{'x' * 76}' has 78 tokens"),
        ({"candidate_labels": "a cat", "hypothesis_template": "x" * 72 + "{}"}, "'a cat' has 78 tokens"),
        (
            {"candidate_labels": "a cat", "background_labels": "y" * 80},
            f"'{'y' * 80}' has 97 tokens. This model reads at most 77.",
        ),
    ],
)
def test_invalid_option_gets_422_with_its_name(
    client: TestClient, cat_jpeg: bytes, options: dict[str, Any], message: str
) -> None:
    for way in EACH_WAY:
        problem = is_problem(posted(client, way, cat_jpeg, options), 422, "invalid_option")
        assert message in problem["detail"]


@pytest.mark.parametrize("way", EACH_WAY)
@pytest.mark.parametrize("kind", [list, ",".join])
@pytest.mark.parametrize("count", [100, 1])
def test_own_labels_at_the_limits_are_accepted(
    client: TestClient, cat_jpeg: bytes, way: str, kind: Callable[[list[str]], Any], count: int
) -> None:
    """The model of these tests has a token for each letter, and 77 with the start and the end of the text."""
    labels = [f"{i:03}".ljust(75, "x") for i in range(count)]
    options = {"candidate_labels": kind(labels), "hypothesis_template": "{}"}
    assert len(tags_of(client, way, cat_jpeg, options)) == count


@pytest.mark.parametrize("data", [b"This is a text.\n" * 40, b"%PDF-1.7", b"<svg/>"])
def test_other_file_gets_415(client: TestClient, data: bytes) -> None:
    for way in EACH_WAY:
        problem = is_problem(posted(client, way, data), 415, "unsupported_media_type")
        assert "Supported formats: JPEG, PNG" in problem["detail"]


def test_form_without_image_gets_400_with_its_field_names(client: TestClient, cat_jpeg: bytes) -> None:
    response = client.post("/tag", files={"photo": cat_jpeg}, data={"note": "hello"})
    problem = is_problem(response, 400, "missing_image")
    assert "Its fields: 'note', 'photo'" in problem["detail"]


def test_size_limit_is_exact(client: TestClient, cat_jpeg: bytes) -> None:
    limit = Settings().max_image_bytes
    at_limit, over = cat_jpeg.ljust(limit, b"\0"), cat_jpeg.ljust(limit + 1, b"\0")
    for data, status in ((at_limit, 200), (over, 413)):
        responses = [posted(client, way, data) for way in EACH_WAY]
        assert [response.status_code for response in responses] == [status] * 3
    assert "The limit is 4.5 MB" in is_problem(responses[0], 413, "too_many_bytes")["detail"]
