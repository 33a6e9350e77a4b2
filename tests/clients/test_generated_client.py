"""A client that openapi-python-client generates from docs/openapi.json works."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import LABELS, Answers
from tests.support.programs import ROOT, completed, run

PYTHON = (ROOT / "scripts/tool.sh", "openapi-client", "python")
# A typical program with the generated client and its types.
PROGRAM = """
import json, sys
from io import BytesIO
from pathlib import Path

from pet_tagger import Client
from pet_tagger.api.default import embed, health, labels, tag
from pet_tagger.models import EmbeddingResult, EmbeddingsResult, EmbedRequest, Problem, TagFilesBody, TagResult
from pet_tagger.types import File

url, path = sys.argv[1:]
client = Client(base_url=url)


def picture() -> File:
    return File(payload=BytesIO(Path(path).read_bytes()), file_name="cat.jpg", mime_type="image/jpeg")


def tags(result: object) -> list[dict[str, object]]:
    assert isinstance(result, list) and all(isinstance(item, TagResult) for item in result), result
    return [item.to_dict() for item in result]


own = tag.sync(client=client, body=TagFilesBody(file=picture(), candidate_labels=sys.stdin.read().split(",")))
image = embed.sync(client=client, body=picture())
texts = embed.sync(client=client, body=EmbedRequest(texts=["a cat", "a dog"]))
invalid = tag.sync(client=client, body=TagFilesBody())
live, up = labels.sync(client=client), health.sync(client=client)
assert isinstance(image, EmbeddingResult) and isinstance(texts, EmbeddingsResult)
assert isinstance(invalid, Problem) and live and up
print(json.dumps({
    "raw": tags(tag.sync(client=client, body=picture(), top_k=3)),
    "form": tags(tag.sync(client=client, body=TagFilesBody(image=picture()))),
    "own": tags(own),
    "dims": [image.dim, len(image.embedding), len(texts.embeddings)],
    "code": invalid.code,
    "groups": [group.name for group in live.groups],
    "health": up.status,
}))
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program and the generated client in one folder."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "config.yml").write_text("post_hooks: []\n")
    arguments = ("--path", ROOT / "docs/openapi.json", "--output-path", folder / "pet_tagger", "--meta", "none")
    generate = ("-m", "openapi_python_client", "generate", *arguments, "--config", folder / "config.yml")
    result = completed(*PYTHON, *generate, timeout_s=300)
    assert result.returncode == 0, result.stderr
    # The generator does not support image/*. Its client sends a raw image as application/octet-stream.
    message = re.findall(r"^WARNING .*\n\n(.*)$", result.stdout + result.stderr, re.MULTILINE)
    assert message == ["Unsupported content type image/*"] * 2
    # 0.28.0 to 0.29.1 do not import `Unset` if a body may have several types (openapi-python-client #1451).
    embed = folder / "pet_tagger/api/default/embed.py"
    embed.write_text(embed.read_text().replace("import Response, UNSET\n", "import Response, UNSET, Unset\n"))
    (folder / "program.py").write_text(PROGRAM)
    return folder / "program.py"


@pytest.fixture(scope="module")
def printed(program: Path, service: str, cat_file: Path) -> Any:
    return json.loads(run(*PYTHON, program, service, cat_file, stdin=",".join(LABELS)))


def test_gets_the_tags(printed: Any, answers: Answers) -> None:
    answers.check(printed["raw"], top_k=3)
    answers.check(printed["form"])


def test_sends_own_labels(printed: Any, answers: Answers) -> None:
    answers.check(printed["own"], *LABELS)


def test_other_answers_and_errors_are_typed(printed: Any) -> None:
    assert printed["dims"] == [24, 24, 2]
    assert printed["code"] == "missing_image"
    assert (printed["groups"], printed["health"]) == (["pet", "fur"], "ok")
