"""`template.yaml` lists every setting that a deployment may change, with its default value."""

import re
from pathlib import Path

import pytest

from function.settings import Settings

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
# Settings whose values are resources or parameters of the stack.
OF_THE_STACK = {"upload_bucket", "upload_origin", "results_bucket", "write_object_tags"}
# The Dockerfile sets the model folder. Lambda sends one whole request at a time.
NOT_IN_THE_TEMPLATE = {
    "model_dir",
    "max_upload_seconds",
    "max_waiting_requests",
    "cors_origins",
    "metrics_namespace",
    "new_version",
    "smoke_label",
}


@pytest.mark.parametrize("name", sorted(set(Settings.model_fields) - NOT_IN_THE_TEMPLATE - OF_THE_STACK))
def test_template_sets_every_setting_to_its_default(name: str) -> None:
    line = re.search(rf"^ +{name.upper()}: (.+)$", TEMPLATE.read_text(encoding="utf-8"), re.MULTILINE)
    assert line is not None
    assert Settings.from_environment({name.upper(): line[1]}) == Settings()


@pytest.mark.parametrize("name", sorted(OF_THE_STACK))
def test_settings_of_the_stack_refer_to_resources_and_parameters(name: str) -> None:
    assert re.search(rf"^ +{name.upper()}: !(Ref|Sub) ", TEMPLATE.read_text(encoding="utf-8"), re.MULTILINE)
