"""Files around the template: the environments of samconfig.toml, the dashboard, the workflows."""

import json
import re
import tomllib
from typing import Any

import pytest

from function.metrics import publish
from tests.support import emf
from tests.support.programs import ROOT, run
from tests.template.conftest import Resources, allowed, of_type

SAMCONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))


def overrides(environment: str) -> dict[str, str]:
    parameters = SAMCONFIG[environment]["deploy"]["parameters"].get("parameter_overrides", [])
    return dict(parameter.split("=", 1) for parameter in parameters)


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_environments_set_existing_parameters_to_allowed_values(template: Resources, environment: str) -> None:
    for name, value in overrides(environment).items():
        allowed = template["Parameters"][name].get("AllowedValues", [value])
        assert value in map(str, allowed), name


def test_production_moves_traffic_in_steps_that_last_until_an_alarm_can_fire() -> None:
    minutes = re.fullmatch(r"Canary10Percent(\d+)Minutes", overrides("prod")["DeploymentType"])
    assert minutes is not None
    assert int(minutes[1]) > 7, "five periods of a minute, and two until CloudWatch has the metric"
    stacks = {SAMCONFIG[name]["deploy"]["parameters"]["stack_name"] for name in ("default", "dev", "prod")}
    assert len(stacks) == 3


def test_every_function_is_built_on_the_same_base_image(template: Resources) -> None:
    source = (ROOT / "template.yaml").read_text(encoding="utf-8")
    assert source.count("DockerBuildArgs:") == source.count("BASE: !Ref BaseImage") == 3
    default = template["Parameters"]["BaseImage"]["Default"]
    assert f"ARG BASE={default}\n" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_start_modes_of_environments_pass_the_rules(environment: str) -> None:
    assert allowed(overrides(environment)) == []
    assert overrides(environment)["StartMode"] == {"dev": "None", "prod": "SnapStart"}[environment]


@pytest.fixture(scope="module")
def dashboard() -> Any:
    printed = run("scripts/dashboard.sh", "--print", "pets", environment={"AWS_REGION": "eu-central-1"})
    assert "${" not in printed
    return json.loads(printed)


def graphed(dashboard: Any) -> list[list[Any]]:
    """Return every metric of the dashboard: namespace, name and dimensions."""
    graphs = [widget["properties"]["metrics"] for widget in dashboard["widgets"] if widget["type"] == "metric"]
    return [[part for part in metric if isinstance(part, str)] for graph in graphs for metric in graph]


def test_the_dashboard_shows_every_metric_of_the_service(
    dashboard: Any, stack: Resources, capsys: pytest.CaptureFixture[str]
) -> None:
    log = {"encode_ms": 1.0, "decode_ms": 1.0, "bytes": 1, "request_id": "1"}
    log |= {"cold_start": True, "start_type": "restore", "start_ms": 1.0}
    publish("PetTagger/pets", "pet-tagger", log)
    (document,) = emf.documents(capsys.readouterr().out)
    published = {(name, "service", "pet-tagger") for name in emf.metrics(document)}
    filtered = {
        (item["MetricName"],)
        for filters in of_type(stack, "AWS::Logs::MetricFilter").values()
        for item in filters["MetricTransformations"]
    }
    shown = {tuple(metric[1:]) for metric in graphed(dashboard) if metric and metric[0] == "PetTagger/pets"}
    assert shown == published | filtered


def test_the_dashboard_shows_this_stack(dashboard: Any, stack: Resources) -> None:
    names = {stack["Api"]["Properties"]["Name"]}
    names |= {stack[function]["Properties"]["FunctionName"] for function in ("TagFunction", "BulkFunction")}
    names |= {stack[queue]["Properties"]["QueueName"] for queue in ("UploadQueue", "DeadLetters")}
    others = [metric for metric in graphed(dashboard) if metric and metric[0].startswith("AWS/")]
    assert {metric[3] for metric in others} == names
    group = stack["TagLogs"]["Properties"]["LogGroupName"]
    assert f"SOURCE '{group}'" in json.dumps(dashboard)
