"""Deploys the resource types that moto's CloudFormation supports: roles, functions, log groups, the topic, outputs.

The other types are listed here. The other tests of this folder assert their properties on the translated template.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.template.conftest import Resources

REGION = "eu-central-1"
# moto 5.2.5 ignores most of these types, and fails on the others of this template.
NOT_MADE = {
    "AWS::ApiGateway::ApiKey",
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGateway::UsagePlan",
    "AWS::ApiGateway::UsagePlanKey",
    "AWS::CloudWatch::Alarm",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Lambda::Alias",
    "AWS::Lambda::Permission",  # of an alias
    "AWS::Logs::MetricFilter",
    "AWS::SNS::Subscription",
    "AWS::WAFv2::WebACLAssociation",
    # tests/bulk creates these itself and uses them.
    "AWS::Events::Rule",
    "AWS::Lambda::EventSourceMapping",
    "AWS::S3::Bucket",
    "AWS::Scheduler::Schedule",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::StepFunctions::StateMachine",
}
MADE = {
    "AWS::ApiGateway::RestApi",
    "AWS::IAM::Role",
    "AWS::Lambda::Function",
    "AWS::Lambda::Version",
    "AWS::Logs::LogGroup",
    "AWS::SNS::Topic",
}


def supported_by_moto(template: Any) -> Any:
    """Return the template with a parameter in place of each unsupported resource. Its value is the resource's name."""
    resources = template["Resources"]
    left_out = {name for name, item in resources.items() if item["Type"] not in MADE}
    outputs = {name: item for name, item in template["Outputs"].items() if item["Value"].get("Ref") not in left_out}
    return {
        **template,
        "Parameters": {**template["Parameters"], **{name: {"Type": "String", "Default": name} for name in left_out}},
        "Resources": without_attributes({n: item for n, item in resources.items() if n not in left_out}, left_out),
        "Outputs": without_attributes(outputs, left_out),
    }


def without_attributes(value: Any, left_out: set[str]) -> Any:
    """Return `value` with a name in place of each attribute of an unsupported resource."""
    if isinstance(value, list):
        return [without_attributes(each, left_out) for each in value]
    if not isinstance(value, dict):
        return re.sub(r"\$\{(\w+)\.(\w+)\}", _named(left_out), value) if isinstance(value, str) else value
    attribute = value.get("Fn::GetAtt")
    if attribute is not None and attribute[0] in left_out:
        return "-".join(attribute)
    return {name: without_attributes(each, left_out) for name, each in value.items()}


def _named(left_out: set[str]) -> Callable[[re.Match[str]], str]:
    return lambda found: f"{found[1]}-{found[2]}" if found[1] in left_out else found[0]


@pytest.fixture(scope="module")
def deployed(template: Any) -> Iterator[dict[str, str]]:
    """The outputs of a stack that exists while the tests of this module run."""
    with mock_aws():
        cloudformation = boto3.client("cloudformation", region_name=REGION)
        body = json.dumps(supported_by_moto(template))
        cloudformation.create_stack(StackName="pets", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
        (stack,) = cloudformation.describe_stacks(StackName="pets")["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        yield {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def test_every_resource_type_is_created_or_listed(template: Any) -> None:
    used = {item["Type"] for item in template["Resources"].values()}
    assert used - MADE - NOT_MADE == set()


def test_the_function_is_created(deployed: dict[str, str], stack: Resources) -> None:
    function = boto3.client("lambda", region_name=REGION).get_function(FunctionName="pets-tag")["Configuration"]
    expected = stack["TagFunction"]["Properties"]
    assert (function["MemorySize"], function["Timeout"]) == (expected["MemorySize"], expected["Timeout"])
    assert "role/pets-TagRole-" in function["Role"]
    assert deployed["TagFunctionArn"] == function["FunctionArn"]


def test_log_groups_are_created_with_retention(deployed: dict[str, str]) -> None:
    assert deployed
    groups = boto3.client("logs", region_name=REGION).describe_log_groups()["logGroups"]
    kept = {group["logGroupName"]: group["retentionInDays"] for group in groups}
    assert {
        "/aws/lambda/pets-tag": 30,
        "/aws/lambda/pets-smoke-test": 30,
        "/aws/apigateway/pets-access": 30,
    }.items() <= (kept.items())
    assert set(kept.values()) == {30}


def test_roles_name_resources_of_the_stack(deployed: dict[str, str]) -> None:
    policy = boto3.client("iam").list_roles()["Roles"]
    (role,) = [role["RoleName"] for role in policy if role["RoleName"].startswith("pets-SmokeTestRole")]
    document = boto3.client("iam").get_role_policy(RoleName=role, PolicyName="smoke-test")["PolicyDocument"]
    assert f"{deployed['TagFunctionArn']}:*" in str(document)
    assert "log-group:/aws/lambda/pets-smoke-test" in str(document)


def test_outputs_are_complete(deployed: dict[str, str]) -> None:
    assert deployed["TagUrl"].endswith(f".execute-api.{REGION}.amazonaws.com/v1/tag")
    assert deployed["AlarmTopicArn"].startswith(f"arn:aws:sns:{REGION}:123456789012:pets-AlarmTopic-")
