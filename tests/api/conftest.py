"""A client of the app, served by the small model."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from function.api.app import create_app
from function.settings import Settings
from function.tagging.tagger import Tagger


@pytest.fixture(scope="module")
def client(small_tagger: Tagger) -> Iterator[TestClient]:
    with TestClient(create_app(small_tagger, Settings())) as client:
        yield client
