"""What goes with the template: environments, the dashboard, the role of the pipeline, the scripts."""

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from function.metrics import publish
from tests import emf
from tests.delivered import ROOT
from tests.template.conftest import Resources, of_type

SAMCONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))


def overrides(environment: str) -> dict[str, str]:
    parameters = SAMCONFIG[environment]["deploy"]["parameters"].get("parameter_overrides", [])
    return dict(parameter.split("=", 1) for parameter in parameters)


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_environments_set_parameters_that_there_are(template: Resources, environment: str) -> None:
    for name, value in overrides(environment).items():
        allowed = template["Parameters"][name].get("AllowedValues", [value])
        assert value in map(str, allowed), name


def test_production_shifts_traffic_step_by_step() -> None:
    assert overrides("prod")["DeploymentType"].startswith(("Canary", "Linear"))
    stacks = {SAMCONFIG[name]["deploy"]["parameters"]["stack_name"] for name in ("default", "dev", "prod")}
    assert len(stacks) == 3


PINNED = "public.ecr.aws/lambda/python:3.13@sha256:" + 64 * "0"


def deploy_script(folder: Path, *arguments: str, base: str = PINNED) -> subprocess.CompletedProcess[str]:
    """Run the script with a `docker` that says on which base the built image stands, and `echo` for SAM."""
    docker = folder / "docker"
    docker.write_text(f"#!/bin/sh\necho '{base}'\n")
    docker.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "SAM": "echo", "STACK_ROLE_ARN": "arn:role"}
    return subprocess.run(
        ["scripts/deploy.sh", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_the_script_deploys_the_environment_as_a_release_of_its_own(tmp_path: Path) -> None:
    given = deploy_script(tmp_path, "prod", "AuthMode=Iam").stdout.split()
    assert given[:3] == ["deploy", "--config-env", "prod"]
    assert {f"{name}={value}" for name, value in overrides("prod").items()} | {"AuthMode=Iam"} < set(given)
    assert re.search(r" Release=\d{10} ", " ".join(given))
    assert given[-2:] == ["--role-arn", "arn:role"]
    assert deploy_script(tmp_path, "nowhere").returncode == 1


def test_production_is_not_deployed_on_a_base_that_moves(tmp_path: Path) -> None:
    tag = PINNED.partition("@")[0]
    refused = deploy_script(tmp_path, "prod", base=tag)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "make pin-base" in refused.stderr
    assert deploy_script(tmp_path, "dev", base=tag).returncode == 0


def test_every_function_is_built_on_the_base_image_asked_for(template: Resources) -> None:
    source = (ROOT / "template.yaml").read_text(encoding="utf-8")
    assert source.count("DockerBuildArgs:") == source.count("BASE: !Ref BaseImage") == 3
    default = template["Parameters"]["BaseImage"]["Default"]
    assert f"ARG BASE={default}\n" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def dashboard() -> Any:
    printed = subprocess.run(
        ["scripts/dashboard.sh", "--print", "pets"],
        cwd=ROOT,
        env={**os.environ, "AWS_REGION": "eu-central-1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "${" not in printed
    return json.loads(printed)


def graphed(dashboard: Any) -> list[list[Any]]:
    """Return every metric of the dashboard: namespace, name, and dimensions."""
    graphs = [widget["properties"]["metrics"] for widget in dashboard["widgets"] if widget["type"] == "metric"]
    return [[part for part in metric if isinstance(part, str)] for graph in graphs for metric in graph]


def test_the_dashboard_shows_metrics_that_there_are(
    dashboard: Any, stack: Resources, capsys: pytest.CaptureFixture[str]
) -> None:
    log = {"encode_ms": 1.0, "decode_ms": 1.0, "bytes": 1, "cold_start": True, "start_ms": 1.0, "request_id": "1"}
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


def test_the_dashboard_looks_at_this_stack(dashboard: Any, stack: Resources) -> None:
    names = {stack["Api"]["Properties"]["Name"], stack["TagFunction"]["Properties"]["FunctionName"]}
    others = [metric for metric in graphed(dashboard) if metric and metric[0].startswith("AWS/")]
    assert {metric[3] for metric in others} == names == {"pets", "pets-tag"}
    group = stack["TagLogs"]["Properties"]["LogGroupName"]
    assert f"SOURCE '{group}'" in json.dumps(dashboard)


def test_cloudwatch_takes_the_dashboard(dashboard: Any) -> None:
    with mock_aws():
        cloudwatch = boto3.client("cloudwatch", region_name="eu-central-1")
        cloudwatch.put_dashboard(DashboardName="pets", DashboardBody=json.dumps(dashboard))
        assert json.loads(cloudwatch.get_dashboard(DashboardName="pets")["DashboardBody"]) == dashboard
