"""The image answers every event of `events/` on a read-only root, as an unknown user, without a network."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.container.conftest import Container, running
from tests.support.answers import in_process_answers, scores
from tools.make_events import PICTURE, Request, Sample, rest_event, samples

pytestmark = pytest.mark.container

SAMPLES = samples()
# A request with its own labels, because the text tower is loaded on demand.
CUSTOM_LABELS = rest_event(Request("POST", "/tag", PICTURE.read_bytes(), "image/jpeg", {"candidate_labels": "cat,car"}))


@pytest.fixture(scope="module")
def events(drawing_jpeg: bytes) -> dict[str, Any]:
    """An event with a drawing, which the demo model tags, and one with custom labels."""
    return {
        "drawing": rest_event(Request("POST", "/tag", drawing_jpeg, "image/jpeg")),
        "custom labels": CUSTOM_LABELS,
    }


@pytest.fixture(scope="module")
def expected(events: dict[str, Any], demo_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The handler's answers outside the container."""
    return in_process_answers(events, demo_model, tmp_path_factory.mktemp("in-process"))


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_every_event_is_answered(container: Container, sample: Sample) -> None:
    answer = container.invoke(sample.event)
    assert answer["statusCode"] == sample.status
    if sample.code:
        assert json.loads(answer["body"])["code"] == sample.code


@pytest.mark.parametrize("name", ["drawing", "custom labels"])
def test_tags_are_those_of_the_handler_outside(
    container: Container, events: dict[str, Any], expected: dict[str, Any], name: str
) -> None:
    tags = scores(container.invoke(events[name])["body"])
    assert len(tags) > 1
    assert tags == pytest.approx(scores(expected[name]["body"]), abs=1e-4)


def test_root_cannot_be_written_and_was_not(container: Container) -> None:
    assert container.execute("sh", "-c", "touch /var/task/x /opt/model/x /x 2>/dev/null; echo $?") == "1\n"
    container.invoke(CUSTOM_LABELS)
    assert "Read-only file system" not in container.logs()


def test_cold_start_logs_no_error(image: str) -> None:
    with running(image) as cold:
        assert cold.invoke(SAMPLES["rest-tag-raw"].event)["statusCode"] == 200
        log = cold.logs()
    assert "model loaded" in log
    assert [sign for sign in ("Traceback", "errorType", "Warning", "WARNING", "ERROR") if sign in log] == [], log
