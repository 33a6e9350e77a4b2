"""POST /tag: every way to send a picture gets the same answer, and every mistake the right problem document."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from function.settings import Settings
from function.tagging.options import TagOptions
from function.tagging.tagger import Tagger
from tools.make_events import png_header

Json = Any


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def is_problem(response: Any, status: int, code: str) -> Json:
    """Assert that the response is that problem, complete, and return it."""
    problem = response.json()
    assert (response.status_code, problem["code"]) == (status, code), problem
    assert response.headers["content-type"] == "application/problem+json"
    assert set(problem) == {"type", "title", "status", "detail", "code", "request_id"}
    assert problem["status"] == status
    assert problem["request_id"] == response.headers["x-request-id"]
    assert response.headers["x-model"] == "small"
    return problem


def test_answers_tags_best_first(client: TestClient, small_tagger: Tagger, cat_jpeg: bytes) -> None:
    response = client.post("/tag", files={"file": ("cat.jpg", cat_jpeg, "image/jpeg")})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    tags = response.json()
    expected = small_tagger.tag(cat_jpeg).tags
    assert [(tag["label"], tag["group"]) for tag in tags] == [(tag.label, tag.group) for tag in expected]
    assert [tag["score"] for tag in tags] == pytest.approx([tag.score for tag in expected], abs=1e-6)
    assert all(set(tag) == {"label", "score", "group"} for tag in tags)


def test_says_who_answered_and_how_long_it_took(client: TestClient, cat_jpeg: bytes) -> None:
    headers = client.post("/tag", content=cat_jpeg, headers={"content-type": "image/jpeg"}).headers
    assert headers["x-model"] == "small"
    assert len(headers["x-request-id"]) == 32
    phases = dict(part.split(";dur=") for part in headers["server-timing"].split(", "))
    assert {"decode", "encode", "score"} <= set(phases)
    assert all(float(value) >= 0 for value in phases.values())


def test_says_what_labels_of_ones_own_cost(client: TestClient, cat_jpeg: bytes) -> None:
    timing = client.post("/tag", content=cat_jpeg, params={"candidate_labels": "cat,dog"}).headers["server-timing"]
    assert "text;dur=" in timing


def test_every_way_to_send_a_picture_gets_the_same_answer(client: TestClient, cat_jpeg: bytes) -> None:
    responses = [
        client.post("/tag", files={"file": cat_jpeg}),
        client.post("/tag", files={"image": ("a b.jpg", cat_jpeg)}),
        client.post("/tag", content=cat_jpeg),
        client.post("/tag", content=cat_jpeg, headers={"content-type": "application/octet-stream"}),
        client.post("/tag", content=cat_jpeg, headers={"content-type": "IMAGE/JPEG; q=1"}),
        client.post("/tag", json={"inputs": encoded(cat_jpeg)}),
        client.post("/tag", json={"inputs": encoded(cat_jpeg), "parameters": None}),
        client.post("/tag", json={"inputs": f"data:image/jpeg;base64,{encoded(cat_jpeg)}"}),
        client.post("/tag", json={"inputs": base64.encodebytes(cat_jpeg).decode(), "parameters": {}}),
    ]
    assert [response.status_code for response in responses] == [200] * len(responses)
    assert all(response.json() == responses[0].json() for response in responses)


def test_options_are_the_same_in_form_query_and_json(client: TestClient, small_tagger: Tagger, cat_jpeg: bytes) -> None:
    options: dict[str, Any] = {
        "candidate_labels": "a cat, a dog,a bird",
        "hypothesis_template": "an image of {}",
        "top_k": 2,
    }
    as_list = {**options, "candidate_labels": ["a cat", "a dog", "a bird"]}
    responses = [
        client.post("/tag", files={"file": cat_jpeg}, data=options),
        client.post("/tag", files={"file": cat_jpeg}, data=as_list),
        client.post("/tag", content=cat_jpeg, params=options),
        client.post("/tag", content=cat_jpeg, params=as_list),
        client.post("/tag", json={"inputs": encoded(cat_jpeg), "parameters": options}),
        client.post("/tag", json={"inputs": encoded(cat_jpeg), "parameters": as_list}),
    ]
    expected = small_tagger.tag(
        cat_jpeg,
        TagOptions(candidate_labels=("a cat", "a dog", "a bird"), hypothesis_template="an image of {}", top_k=2),
    ).tags
    for response in responses:
        assert [tag["label"] for tag in response.json()] == [tag.label for tag in expected]
        assert [tag["group"] for tag in response.json()] == ["custom", "custom"]


def test_the_body_comes_before_the_query(client: TestClient, cat_jpeg: bytes) -> None:
    response = client.post("/tag?top_k=5", files={"file": cat_jpeg}, data={"top_k": 1, "min_score": 0})
    assert len(response.json()) == 1


def test_fields_that_a_browser_sends_blank_are_not_given(client: TestClient, cat_jpeg: bytes) -> None:
    blank = {"candidate_labels": "", "hypothesis_template": "", "top_k": "", "min_score": ""}
    files = [("file", ("cat.jpg", cat_jpeg)), ("image", ("", b""))]
    response = client.post("/tag", files=files, data=blank)
    assert (response.status_code, response.json()) == (200, client.post("/tag", content=cat_jpeg).json())
    nothing = client.post("/tag", files=[("file", ("", b"")), ("image", ("", b""))], data=blank)
    is_problem(nothing, 400, "missing_image")


def test_nothing_passes_a_high_threshold(client: TestClient, cat_jpeg: bytes) -> None:
    response = client.post("/tag?min_score=1", content=cat_jpeg)
    assert (response.status_code, response.json()) == (200, [])


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"top_k": 0}, "top_k"),
        ({"top_k": "many"}, "top_k"),
        ({"min_score": 1.5}, "min_score"),
        ({"min_score": "nan"}, "min_score"),
        ({"candidate_labels": " "}, "candidate_labels"),
        ({"candidate_labels": "cat,,dog"}, "candidate_labels"),
        ({"candidate_labels": ",".join(f"l{i}" for i in range(101))}, "candidate_labels"),
        ({"candidate_labels": "x" * 201}, "candidate_labels"),
        ({"candidate_labels": "cat", "hypothesis_template": "a photo"}, "must have one {}"),
        ({"candidate_labels": "cat", "hypothesis_template": "a {} {}"}, "must have one {}"),
        ({"hypothesis_template": "a {}"}, "only allowed together with candidate_labels"),
        (
            {"topk": 3},
            "topk: unknown option; known options: candidate_labels, hypothesis_template, top_k, min_score, fun",
        ),
        ({"function_to_apply": "sigmoid"}, "function_to_apply: Input should be 'softmax'"),
    ],
)
def test_a_bad_option_is_named(client: TestClient, cat_jpeg: bytes, options: dict[str, Any], complaint: str) -> None:
    for response in (
        client.post("/tag", content=cat_jpeg, params=options),
        client.post("/tag", files={"file": cat_jpeg}, data=options),
        client.post("/tag", json={"inputs": encoded(cat_jpeg), "parameters": options}),
    ):
        assert complaint in is_problem(response, 422, "invalid_option")["detail"]


@pytest.mark.parametrize("labels", [100, 1])
def test_the_limits_of_own_labels_are_inclusive(client: TestClient, cat_jpeg: bytes, labels: int) -> None:
    options = {"candidate_labels": [f"{i:03}".ljust(200, "x") for i in range(labels)]}
    response = client.post("/tag", json={"inputs": encoded(cat_jpeg), "parameters": options})
    assert len(response.json()) == labels


@pytest.mark.parametrize("data", [b"This is a text.\n" * 40, b"%PDF-1.7", b"<svg/>"])
def test_a_file_that_is_no_image(client: TestClient, data: bytes) -> None:
    for response in (
        client.post("/tag", files={"file": ("cat.jpg", data, "image/jpeg")}),
        client.post("/tag", content=data, headers={"content-type": "image/jpeg"}),
        client.post("/tag", json={"inputs": encoded(data)}),
    ):
        assert "Supported formats: JPEG, PNG" in is_problem(response, 415, "unsupported_media_type")["detail"]


def test_an_empty_upload(client: TestClient) -> None:
    for response in (
        client.post("/tag"),
        client.post("/tag", files={"file": ("cat.jpg", b"", "image/jpeg")}),
        client.post("/tag", json={"inputs": ""}),
    ):
        is_problem(response, 400, "missing_image")


def test_a_truncated_jpeg(client: TestClient, cat_jpeg: bytes) -> None:
    is_problem(client.post("/tag", content=cat_jpeg[:5000]), 422, "undecodable_image")


def test_a_form_without_a_file_says_what_it_has(client: TestClient, cat_jpeg: bytes) -> None:
    response = client.post("/tag", files={"photo": cat_jpeg}, data={"note": "hello"})
    problem = is_problem(response, 400, "missing_image")
    assert "Its fields: 'note', 'photo'" in problem["detail"]


def test_two_files(client: TestClient, cat_jpeg: bytes) -> None:
    for names in (("file", "file"), ("file", "image")):
        response = client.post("/tag", files=[(name, ("cat.jpg", cat_jpeg)) for name in names])
        is_problem(response, 400, "too_many_images")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "video/mp4"])
def test_a_content_type_that_is_not_read(client: TestClient, content_type: str) -> None:
    response = client.post("/tag", content=b"abc", headers={"content-type": content_type})
    assert "multipart/form-data" in is_problem(response, 415, "unsupported_media_type")["detail"]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b"[]", "JSON"),
        (b'{"picture": "abc"}', "inputs"),
        (b'{"inputs": {"image": "YWJj", "mask": "YWJj"}}', "inputs"),
        (b'{"inputs": 1}', "inputs"),
        (b'{"inputs": "*"}', "not valid base64"),
        (b'{"inputs": "abcde"}', "not valid base64"),
        (b'{"inputs": "https://example.com/cat.jpg"}', "fetches no URLs"),
        (b'{"inputs": "", "parameters": []}', "parameters"),
        (b"\xff\xfe", "JSON"),
    ],
)
def test_json_that_does_not_parse(client: TestClient, body: bytes, complaint: str) -> None:
    response = client.post("/tag", content=body, headers={"content-type": "application/json"})
    assert complaint in is_problem(response, 400, "malformed_body")["detail"]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"--x\r\n", "multipart/form-data"),
        (b"nonsense", "multipart/form-data; boundary=x"),
        (b"--x\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--x--\r\n", "multipart/form-data; boundary=x"),
    ],
)
def test_a_form_that_does_not_parse(client: TestClient, body: bytes, content_type: str) -> None:
    response = client.post("/tag", content=body, headers={"content-type": content_type})
    is_problem(response, 400, "malformed_body")


def test_s3_is_not_read_yet(client: TestClient) -> None:
    is_problem(client.post("/tag", json={"inputs": "s3://bucket/cat.jpg"}), 501, "source_not_supported")


def test_too_many_pixels(client: TestClient) -> None:
    problem = is_problem(client.post("/tag", content=png_header(40_000, 40_000)), 413, "too_many_pixels")
    assert "51,000,000" in problem["detail"]


def test_the_limit_of_bytes_is_exact(client: TestClient, cat_jpeg: bytes) -> None:
    limit = Settings().max_image_bytes
    at_limit, over = cat_jpeg.ljust(limit, b"\0"), cat_jpeg.ljust(limit + 1, b"\0")
    for data, status in ((at_limit, 200), (over, 413)):
        responses = [
            client.post("/tag", content=data),
            client.post("/tag", files={"file": data}),
            client.post("/tag", json={"inputs": encoded(data)}),
        ]
        assert [response.status_code for response in responses] == [status] * 3
    assert "The limit is 4.5 MB" in is_problem(responses[0], 413, "too_many_bytes")["detail"]


def test_thirty_megabytes_are_refused_and_the_next_request_answered(client: TestClient, cat_jpeg: bytes) -> None:
    is_problem(client.post("/tag", files={"file": b"\0" * 30_000_000}), 413, "too_many_bytes")
    assert client.post("/tag", content=cat_jpeg).status_code == 200


def test_a_slow_upload_arrives_whole(client: TestClient, cat_jpeg: bytes) -> None:
    chunks = (cat_jpeg[i : i + 997] for i in range(0, len(cat_jpeg), 997))
    assert client.post("/tag", content=chunks).json() == client.post("/tag", content=cat_jpeg).json()


@given(st.binary(max_size=300), st.sampled_from(["image/png", "application/json", "multipart/form-data; boundary=x"]))
@settings(max_examples=150, deadline=None)
def test_no_body_makes_a_500(client: TestClient, body: bytes, content_type: str) -> None:
    response = client.post("/tag", content=body, headers={"content-type": content_type})
    assert 400 <= response.status_code < 500
    assert json.loads(response.content)["code"]
