"""POST /embed: images and texts get unit vectors, and mistakes get the right problem document."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from function.tagging.tagger import Tagger
from tests.support.problems import is_problem
from tests.support.request_cases import encoded
from tools.make_events import png_header


def embedding_of(response: Any, dim: int = 24) -> list[float]:
    """Assert that the response is one complete embedding, and return it."""
    answer = response.json()
    assert response.status_code == 200, answer
    assert set(answer) == {"embedding", "dim", "model"}
    assert (len(answer["embedding"]), answer["dim"], answer["model"]) == (dim, dim, "small")
    assert math.hypot(*answer["embedding"]) == pytest.approx(1, abs=1e-6)
    embedding: list[float] = answer["embedding"]
    return embedding


def test_every_kind_of_body_gets_the_same_embedding(client: TestClient, small_tagger: Tagger, cat_jpeg: bytes) -> None:
    expected = small_tagger.embed_image(cat_jpeg).vectors[0].tolist()
    for response in (
        client.post("/embed", files={"file": cat_jpeg}),
        client.post("/embed", content=cat_jpeg),
        client.post("/embed", json={"inputs": encoded(cat_jpeg), "text": None}),
    ):
        assert embedding_of(response) == pytest.approx(expected, abs=1e-7)
        phases = [part.split(";")[0] for part in response.headers["server-timing"].split(", ")]
        assert phases == ["decode", "wait", "encode"]


def test_text_gets_one_embedding_and_texts_get_several(client: TestClient, small_tagger: Tagger) -> None:
    expected = small_tagger.embed_texts(["a cat", "a dog"]).vectors.tolist()
    one = client.post("/embed", json={"text": "a cat"})
    assert embedding_of(one) == pytest.approx(expected[0], abs=1e-7)
    assert "text;dur=" in one.headers["server-timing"]
    several = client.post("/embed", json={"texts": ["a cat", "a dog"]}).json()
    assert (set(several), several["dim"]) == ({"embeddings", "dim", "model"}, 24)
    for embedding, vector in zip(several["embeddings"], expected, strict=True):
        assert embedding == pytest.approx(vector, abs=1e-7)
    assert len(client.post("/embed", json={"texts": ["a cat"]}).json()["embeddings"]) == 1


@pytest.mark.parametrize(
    "texts", [["a" + " " * 198 + "b"], ["x" * 75], [f"text {i}" for i in range(100)], ["same", "same"]]
)
def test_texts_at_the_limits_are_accepted(client: TestClient, texts: list[str]) -> None:
    assert len(client.post("/embed", json={"texts": texts}).json()["embeddings"]) == len(texts)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"texts": []}, "texts"),
        ({"texts": ["a"] * 101}, "texts"),
        ({"texts": ["a", ""]}, "texts.1"),
        ({"texts": ["a", "x" * 201]}, "texts.1"),
        ({"text": ""}, "text"),
        ({"text": "  "}, "text"),
        ({"text": "x" * 201}, "text"),
    ],
)
def test_texts_outside_the_limits_get_422(client: TestClient, body: dict[str, Any], message: str) -> None:
    problem = is_problem(client.post("/embed", json=body), 422, "invalid_option")
    assert problem["detail"].startswith(f"{message}: ")
    assert "x" * 200 not in problem["detail"]


def test_a_text_longer_than_the_context_gets_422(client: TestClient) -> None:
    problem = is_problem(client.post("/embed", json={"texts": ["a", "x" * 76]}), 422, "invalid_option")
    assert problem["detail"] == "Text 2 has 78 tokens. This model reads at most 77."


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"text": 1}',
        b'{"text": null}',
        b'{"texts": "a cat"}',
        b'{"text": "a", "texts": ["b"]}',
        b'{"text": "a", "inputs": "aaaa"}',
        b'{"inputs": "a photo."}',
        b'{"inputs": "https://example.com/cat.jpg"}',
        b'{"sentence": "a cat"}',
        b'{"text": "a", "parameters": {}}',
        b'{"text": "\\ud800"}',
        b"\xff\xfe",
    ],
)
def test_other_json_gets_400(client: TestClient, body: bytes) -> None:
    response = client.post("/embed", content=body, headers={"content-type": "application/json"})
    assert is_problem(response, 400, "malformed_body")["detail"]


def test_options_get_422(client: TestClient, cat_jpeg: bytes) -> None:
    for response in (
        client.post("/embed?top_k=3", content=cat_jpeg),
        client.post("/embed", files={"file": cat_jpeg}, data={"top_k": 3}),
        client.post("/embed?top_k=3", json={"text": "a cat"}),
    ):
        assert "top_k: unknown option" in is_problem(response, 422, "invalid_option")["detail"]


def test_broken_images_get_the_same_errors_as_in_tag(client: TestClient, cat_jpeg: bytes) -> None:
    is_problem(client.post("/embed"), 400, "missing_image")
    is_problem(client.post("/embed", json={"inputs": ""}), 400, "missing_image")
    is_problem(client.post("/embed", files=[("file", cat_jpeg), ("image", cat_jpeg)]), 400, "too_many_images")
    is_problem(client.post("/embed", json={"inputs": encoded(b"\0" * 4_500_001)}), 413, "too_many_bytes")
    is_problem(client.post("/embed", content=png_header(40_000, 40_000)), 413, "too_many_pixels")
    is_problem(client.post("/embed", content=b"This is a text."), 415, "unsupported_media_type")
    is_problem(client.post("/embed", content=cat_jpeg[:5000]), 422, "undecodable_image")
    is_problem(client.post("/embed", json={"inputs": "s3://bucket/cat.jpg"}), 501, "source_not_supported")


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["inputs", "text", "texts"]), inner, max_size=3)
        ),
        max_leaves=6,
    ).map(lambda value: json.dumps(value).encode())
)
@settings(max_examples=100, deadline=None)
def test_no_json_gets_500(client: TestClient, body: bytes) -> None:
    response = client.post("/embed", content=body, headers={"content-type": "application/json"})
    assert response.status_code < 500
    if response.status_code >= 400:
        assert response.json()["code"]
