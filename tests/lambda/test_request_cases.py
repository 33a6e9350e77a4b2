"""Requests as real clients send them, as events of a REST API."""

import json
from typing import Any

import pytest

from function.tagging.options import TagOptions
from function.tagging.tagger import Tagger
from tests.support.answers import approximately
from tests.support.request_cases import CASES, IMAGE
from tools.make_events import rest_event


@pytest.mark.parametrize("name", CASES)
def test_request_gets_its_answer(handler: Any, context: Any, small_tagger: Tagger, name: str) -> None:
    case = CASES[name]
    response = handler(rest_event(case.request), context)
    body = json.loads(response["body"])
    assert response["statusCode"] == case.status, body
    if case.status == 200:
        options = TagOptions(candidate_labels=case.labels or None)
        assert body == approximately(small_tagger.tag(IMAGE, options).tags)
    else:
        assert body["code"] == case.code
        assert case.detail in body["detail"]
