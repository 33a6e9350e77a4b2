"""`template.yaml` lists every setting that a deployment may change, with its default value."""

import re
from pathlib import Path

import pytest

from function.settings import Settings

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
# Settings whose values are resources or parameters of the stack.
OF_THE_STACK = {"upload_bucket", "upload_origin", "results_bucket", "write_object_tags"}
# The image names its own model folder; Lambda never sends half a request, nor a second before the first is answered.
NOT_A_DEPLOYMENTS = {
    "model_dir",
    "max_upload_seconds",
    "max_waiting_requests",
    "cors_origins",
    "metrics_namespace",
    "new_version",
    "smoke_label",
}


@pytest.mark.parametrize("name", sorted(set(Settings.model_fields) - NOT_A_DEPLOYMENTS - OF_THE_STACK))
def test_names_every_setting_with_its_default(name: str) -> None:
    found = re.search(rf"^ +{name.upper()}: (.+)$", TEMPLATE.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    assert Settings.from_environment({name.upper(): found[1]}) == Settings()


@pytest.mark.parametrize("name", sorted(OF_THE_STACK))
def test_sets_values_that_come_from_the_stack(name: str) -> None:
    assert re.search(rf"^ +{name.upper()}: !(Ref|Sub) ", TEMPLATE.read_text(encoding="utf-8"), re.MULTILINE)
