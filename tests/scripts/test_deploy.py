"""Tests of the scripts that deploy, with stand-ins for SAM, aws and docker."""

import re
import shlex
from pathlib import Path

import pytest

from tests.support.fake_aws import FakeAws, outputs
from tests.template.conftest import translated
from tests.template.test_deployment import overrides

PINNED = "public.ecr.aws/lambda/python:3.13@sha256:" + 64 * "0"
REPOSITORY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/images"


@pytest.fixture
def aws(tmp_path: Path) -> FakeAws:
    artifacts = outputs(ImageRepository=REPOSITORY, Bucket="uploads")
    answers = {
        "cloudformation describe-stacks pet-tagger-dev-artifacts": artifacts,
        "cloudformation describe-stacks pet-tagger-prod-artifacts": artifacts,
        "lambda list-versions-by-function": {"Versions": [{"Version": "$LATEST"}, {"Version": "1"}]},
        "lambda list-aliases": {"Aliases": [{"FunctionVersion": "1"}]},
    }
    return FakeAws(tmp_path, answers, {"architecture": "amd64", "base": PINNED})


def test_deploys_the_parameters_of_the_environment_as_a_new_release(aws: FakeAws) -> None:
    result = aws.run("scripts/deploy.sh", "prod", "AuthMode=Iam", SAM="echo", STACK_ROLE_ARN="arn:role")
    words = shlex.split(result.stdout)
    assert words[:5] == ["deploy", "--config-env", "prod", "--region", "eu-central-1"], result.stderr
    assert {f"{name}={value}" for name, value in overrides("prod").items()} | {"AuthMode=Iam"} < set(words)
    assert re.search(r' Release="\d{10}" ', result.stdout)
    assert words[-6:] == ["--image-repository", REPOSITORY, "--s3-bucket", "uploads", "--role-arn", "arn:role"]


def test_passes_every_parameter_so_that_the_stack_keeps_no_previous_value(aws: FakeAws) -> None:
    """Except the boundary, which the role of CloudFormation could not remove."""
    result = aws.run("scripts/deploy.sh", "dev", "SmokeLabel=", "SourcePrefix=my photos/", SAM="echo")
    values = dict(word.split("=", 1) for word in shlex.split(result.stdout) if "=" in word)
    defaults = {name: str(parameter["Default"]) for name, parameter in translated()["Parameters"].items()}
    expected = defaults | overrides("dev") | {"SmokeLabel": "", "SourcePrefix": "my photos/"}
    assert values | {"Release": "", "PermissionsBoundary": ""} == expected
    assert "PermissionsBoundary" not in values


def test_passes_the_permissions_boundary_of_the_pipeline(aws: FakeAws) -> None:
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    result = aws.run("scripts/deploy.sh", "dev", SAM="echo", PERMISSIONS_BOUNDARY=boundary)
    assert f"PermissionsBoundary={boundary}" in shlex.split(result.stdout)


def test_refuses_an_unknown_environment(aws: FakeAws) -> None:
    assert aws.run("scripts/deploy.sh", "nowhere", SAM="echo").returncode == 1


def test_refuses_production_on_a_base_image_without_digest(aws: FakeAws) -> None:
    aws.image["base"] = PINNED.partition("@")[0]
    refused = aws.run("scripts/deploy.sh", "prod", SAM="echo")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "make pin-base" in refused.stderr
    assert aws.run("scripts/deploy.sh", "dev", SAM="echo").returncode == 0


def test_refuses_an_image_of_another_architecture(aws: FakeAws) -> None:
    refused = aws.run("scripts/deploy.sh", "dev", "Architecture=arm64", SAM="echo")
    assert refused.returncode == 1
    assert "make build ARCHITECTURE=arm64" in refused.stderr
    aws.image["architecture"] = "arm64"
    assert aws.run("scripts/deploy.sh", "dev", "Architecture=arm64", SAM="echo").returncode == 0


def test_stops_without_a_region(aws: FakeAws) -> None:
    aws.answers["aws configure get"] = ""
    refused = aws.run("scripts/deploy.sh", "dev", SAM="echo", AWS_REGION="")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "AWS_REGION" in refused.stderr


def test_names_the_command_that_creates_the_missing_artifacts_stack(aws: FakeAws) -> None:
    del aws.answers["cloudformation describe-stacks pet-tagger-dev-artifacts"]
    refused = aws.run("scripts/deploy.sh", "dev", SAM="echo")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "--template-file infra/artifacts.yaml --stack-name pet-tagger-dev-artifacts" in refused.stderr


def test_deletes_old_versions_that_no_alias_uses(aws: FakeAws) -> None:
    aws.answers |= {
        "lambda list-versions-by-function": {"Versions": [{"Version": v} for v in ("$LATEST", *"123456789", "10")]},
        "lambda list-aliases": {
            "Aliases": [
                {"FunctionVersion": "2"},
                {"FunctionVersion": "9", "RoutingConfig": {"AdditionalVersionWeights": {"4": 0.1}}},
            ]
        },
        "lambda delete-function": {},
    }
    result = aws.run("scripts/deploy.sh", "dev", SAM="echo")
    assert result.returncode == 0, result.stderr
    deleted = [(call[1], call[3]) for call in aws.calls("lambda delete-function")]
    assert deleted == [("pet-tagger-dev-tag", version) for version in "876531"]


def test_the_access_logs_role_is_created_only_if_there_is_none(aws: FakeAws) -> None:
    aws.answers |= {
        "cloudformation deploy": {},
        "apigateway get-account": {"cloudwatchRoleArn": "arn:aws:iam::1:role/x"},
    }
    assert aws.run("scripts/access-logs-role.sh").returncode == 0
    assert aws.calls("cloudformation deploy") == []
    aws.answers["apigateway get-account"] = {}
    assert aws.run("scripts/access-logs-role.sh").returncode == 0
    assert len(aws.calls("cloudformation deploy")) == 1
