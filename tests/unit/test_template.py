"""`template.yaml` says every setting that a deployment may want to change, with the value it has anyway."""

import re
from pathlib import Path

import pytest

from function.settings import Settings

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
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


@pytest.mark.parametrize("name", sorted(set(Settings.model_fields) - NOT_A_DEPLOYMENTS))
def test_names_every_setting_with_its_default(name: str) -> None:
    found = re.search(rf"^ +{name.upper()}: (.+)$", TEMPLATE.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    assert Settings.from_environment({name.upper(): found[1]}) == Settings()
