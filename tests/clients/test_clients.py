"""Common clients get the same tags for the same image, each in the way it sends one."""

import base64
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
import requests
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError

from tests.clients.conftest import LABELS, Answers


class TestHuggingFace:
    """`huggingface_hub.InferenceClient`, with the service's URL instead of a model."""

    def test_image_classification_sends_the_bytes(self, service: str, cat_file: Path, answers: Answers) -> None:
        client = InferenceClient(model=f"{service}/tag")
        for image in (cat_file, str(cat_file), cat_file.read_bytes()):
            answers.check(client.image_classification(image))

    def test_image_classification_with_parameters_sends_json(
        self, service: str, cat_file: Path, answers: Answers
    ) -> None:
        tags = InferenceClient().image_classification(
            cat_file, model=f"{service}/tag", top_k=3, function_to_apply="softmax"
        )
        answers.check(tags, top_k=3)

    def test_zero_shot_image_classification(self, service: str, cat_file: Path, answers: Answers) -> None:
        client = InferenceClient(model=f"{service}/tag")
        answers.check(client.zero_shot_image_classification(cat_file, list(LABELS)), *LABELS)
        tags = client.zero_shot_image_classification(cat_file, list(LABELS), hypothesis_template="a sketch of {}")
        answers.check(tags, *LABELS, hypothesis_template="a sketch of {}")

    def test_unsupported_parameter_gets_an_error_that_names_it(self, service: str, cat_file: Path) -> None:
        client = InferenceClient(model=f"{service}/tag")
        with pytest.raises(HfHubHTTPError, match="function_to_apply: Input should be 'softmax'"):
            client.image_classification(cat_file, function_to_apply="sigmoid")


@pytest.mark.parametrize(
    ("post", "raw"),
    [(requests.post, "data"), (httpx.post, "content"), (httpx2.post, "content")],
    ids=["requests", "httpx", "httpx2"],
)
def test_python_clients(service: str, cat_file: Path, answers: Answers, post: Any, raw: str) -> None:
    url = f"{service}/tag"
    with cat_file.open("rb") as file:
        answers.check(post(url, files={"file": file}).json())
    answers.check(post(url, **{raw: cat_file.read_bytes()}, params={"top_k": 3}).json(), top_k=3)
    answers.check(
        post(url, files={"image": ("c.jpg", cat_file.read_bytes())}, data={"candidate_labels": list(LABELS)}).json(),
        *LABELS,
    )
    inputs = base64.b64encode(cat_file.read_bytes()).decode()
    answers.check(post(url, json={"inputs": inputs, "parameters": {"candidate_labels": list(LABELS)}}).json(), *LABELS)


@pytest.mark.parametrize("name", ["Kätzchen 猫.jpg", 'a "b"; c.jpg', "x" * 255])
@pytest.mark.parametrize("post", [requests.post, httpx.post, httpx2.post], ids=["requests", "httpx", "httpx2"])
def test_any_file_name_is_accepted(service: str, cat_file: Path, answers: Answers, post: Any, name: str) -> None:
    answers.check(post(f"{service}/tag", files={"file": (name, cat_file.read_bytes())}).json())
