"""The smallest reproductions of what the emulated AWS does wrong.

If a test fails, the emulator has improved: remove the change from tools/stack that works around this fault.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from botocore.exceptions import ClientError

from tests.stack.conftest import Stack
from tests.support.waiting import wait_for
from tools.stack.emulator import REGION

pytestmark = pytest.mark.e2e
ROLE = "arn:aws:iam::000000000000:role/any"
PASS = {"StartAt": "Each", "States": {"Each": {"Type": "Pass", "End": True}}}
FAIL = {"StartAt": "Each", "States": {"Each": {"Type": "Fail", "Error": "Broken"}}}


def executed(stack: Stack, state: dict[str, Any], value: Any) -> dict[str, Any]:
    """Run a state machine of one state on `value`; return the description of the finished execution."""
    client = stack.client("stepfunctions")
    definition = json.dumps({"StartAt": "Only", "States": {"Only": {**state, "End": True}}})
    machine = client.create_state_machine(name=f"fault-{time.monotonic_ns()}", definition=definition, roleArn=ROLE)
    arn = client.start_execution(stateMachineArn=machine["stateMachineArn"], input=json.dumps(value))["executionArn"]

    def finished() -> Any:
        execution = client.describe_execution(executionArn=arn)
        return execution if execution["status"] != "RUNNING" else None

    execution: dict[str, Any] = wait_for(finished)
    return execution


def distributed_map(processor: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a distributed map over `$.items`."""
    mode = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    return {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": {**mode, **processor}, **fields}


@contextmanager
def created(stack: Stack, template: dict[str, Any], **parameters: str) -> Iterator[None]:
    """Create a CloudFormation stack, and delete it afterwards."""
    client, name = stack.client("cloudformation"), f"fault-{time.monotonic_ns()}"
    client.create_stack(
        StackName=name,
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    yield
    client.delete_stack(StackName=name)
    client.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})


def test_item_batcher_is_ignored(stack: Stack) -> None:
    state = distributed_map(PASS, ItemBatcher={"MaxItemsPerBatch": 2})
    output = json.loads(executed(stack, state, {"items": [1, 2, 3]})["output"])
    assert output == [1, 2, 3]  # AWS: [{"Items": [1, 2]}, {"Items": [3]}]


def test_tolerated_failure_percentage_path_is_ignored(stack: Stack) -> None:
    state = distributed_map(FAIL, ToleratedFailurePercentagePath="$.tolerated")
    assert executed(stack, state, {"items": [1], "tolerated": 100})["status"] == "FAILED"  # AWS: SUCCEEDED


def test_result_writer_is_ignored(stack: Stack) -> None:
    s3 = stack.client("s3")
    s3.create_bucket(Bucket="fault-results", CreateBucketConfiguration={"LocationConstraint": REGION})
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "fault-results", "Prefix": "run"}}
    output = json.loads(executed(stack, distributed_map(PASS, ResultWriter=writer), {"items": [1]})["output"])
    assert output == [1]  # AWS: {"MapRunArn": ..., "ResultWriterDetails": ...}
    assert s3.list_objects_v2(Bucket="fault-results")["KeyCount"] == 0  # AWS: run/.../manifest.json and more


def test_the_sdk_integration_of_s3_is_missing(stack: Stack) -> None:
    bucket = stack.outputs["ResultsBucketName"]
    put = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:putObject"}
    state = {**put, "Parameters": {"Bucket": bucket, "Key": "fault.json", "Body": {}}}
    assert executed(stack, state, {})["status"] == "FAILED"  # AWS: SUCCEEDED


def test_codedeploy_is_missing(stack: Stack) -> None:
    resources = {"Application": {"Type": "AWS::CodeDeploy::Application", "Properties": {"ComputePlatform": "Lambda"}}}
    with pytest.raises(ClientError, match="Unrecognized resource types"), created(stack, {"Resources": resources}):
        pass


def test_binary_media_types_are_not_unescaped(stack: Stack) -> None:
    name = f"fault-{time.monotonic_ns()}"
    api = {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": name, "BinaryMediaTypes": ["image~1png"]}}
    with created(stack, {"Resources": {"Api": api}}):
        apis = stack.client("apigateway").get_rest_apis(limit=500)["items"]
    (kinds,) = [item["binaryMediaTypes"] for item in apis if item["name"] == name]
    assert kinds == ["image~1png"]  # AWS: image/png


def test_responses_of_a_mock_integration_are_not_imported(stack: Stack) -> None:
    name, gateway = f"fault-{time.monotonic_ns()}", stack.client("apigateway")
    integration = {"type": "mock", "responses": {"default": {"statusCode": "200"}}}
    paths = {"/tag": {"options": {"responses": {}, "x-amazon-apigateway-integration": integration}}}
    api = {
        "Type": "AWS::ApiGateway::RestApi",
        "Properties": {"Name": name, "Body": {"openapi": "3.0.1", "paths": paths}},
    }
    with created(stack, {"Resources": {"Api": api}}):
        (api_id,) = [item["id"] for item in gateway.get_rest_apis(limit=500)["items"] if item["name"] == name]
        (tag,) = [item for item in gateway.get_resources(restApiId=api_id)["items"] if item["path"] == "/tag"]
    assert tag["resourceMethods"]["OPTIONS"]["methodIntegration"]["integrationResponses"] == {}  # AWS: {"200": ...}


def test_sam_is_expanded_with_default_values(stack: Stack) -> None:
    name = f"fault-{time.monotonic_ns()}"
    function = {
        **{"FunctionName": name, "Handler": "index.handler", "Runtime": "python3.13", "Role": ROLE},
        **{"InlineCode": "def handler(event, context): pass", "AutoPublishAlias": {"Ref": "Alias"}},
    }
    template = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Parameters": {"Alias": {"Type": "String", "Default": "default"}},
        "Resources": {"Function": {"Type": "AWS::Serverless::Function", "Properties": function}},
    }
    with created(stack, template, Alias="other"):
        aliases = stack.client("lambda").list_aliases(FunctionName=name)["Aliases"]
    assert [alias["Name"] for alias in aliases] == ["default"]  # AWS: ["other"]


def test_a_number_parameter_becomes_text(stack: Stack) -> None:
    name = f"fault-{time.monotonic_ns()}"
    code = {"ZipFile": "def handler(event, context): pass"}
    function = {"FunctionName": name, "Handler": "index.handler", "Runtime": "python3.13", "Role": ROLE, "Code": code}
    mapping = {
        "FunctionName": {"Ref": "Function"},
        "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
        "ScalingConfig": {"MaximumConcurrency": {"Ref": "Limit"}},
    }
    template = {
        "Parameters": {"Limit": {"Type": "Number", "Default": 2}},
        "Resources": {
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
            "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping},
        },
    }
    url = f"{stack.environment['AWS_ENDPOINT_URL']}/2015-03-31/event-source-mappings/"
    with created(stack, template):
        answer = httpx2.get(url, params={"FunctionName": name}).json()  # boto3 would convert the text
    assert answer["EventSourceMappings"][0]["ScalingConfig"]["MaximumConcurrency"] == "2"  # AWS: 2
