"""The template as CloudFormation sees it: translated by SAM, with parameters and conditions evaluated."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from tests.support.intrinsics import failed_assertions, resolved
from tests.support.programs import run

Resources = dict[str, Any]
Deploy = Callable[..., Resources]


RELEASE = "1795500000"
GITHUB_OIDC = "infra/github-oidc.yaml"


@cache
def documents() -> dict[str, Any]:
    """Return the translations of the template by parameter ("" for the defaults), and `GITHUB_OIDC`."""
    program = ("scripts/tool.sh", "policy", "python", "tools/translate_template.py")
    loaded: dict[str, Any] = json.loads(run(*program, f"Release={RELEASE}", GITHUB_OIDC, timeout_s=600))
    return loaded


def translated(parameter: str = "") -> Any:
    """Return the template as SAM translates it with the defaults, or with one parameter, NAME=VALUE."""
    return documents()[parameter]


@pytest.fixture(scope="session")
def template() -> Any:
    """The translated template."""
    return translated()


@pytest.fixture(scope="session")
def deploy() -> Deploy:
    """Returns the resources of a deployment with parameters, by name: `deploy(AuthMode="Iam")["Api"]`."""
    return lambda **parameters: resolved(translated(), parameters)


@pytest.fixture(scope="session")
def stack(deploy: Deploy) -> Resources:
    """The resources of a deployment with default parameters."""
    return deploy()


def allowed(parameters: dict[str, str]) -> list[str]:
    """Return the messages of the template's rules that refuse these parameters."""
    return failed_assertions(translated(), parameters)


def of_type(resources: Resources, kind: str) -> Resources:
    """Return the properties of all resources of a type by name. Fails if there are none."""
    matching = {name: item.get("Properties", {}) for name, item in resources.items() if item["Type"] == kind}
    assert matching, f"no {kind}"
    return matching
