"""What the emulated CloudFormation creates is what the template says: all resources, roles, limits and outputs."""

import re
from typing import Any

import pytest

from tests.stack.conftest import Stack
from tests.support.intrinsics import resolved
from tests.template.conftest import translated
from tools.stack.__main__ import STACK
from tools.stack.emulator import REGION

pytestmark = pytest.mark.e2e
NOT_EMULATED = {"ServerlessDeploymentApplication", "TagFunctionDeploymentGroup"}


@pytest.fixture(scope="module")
def resources() -> Any:
    """The resources of the template with default parameters, as SAM translates them."""
    return resolved(translated(), {}, STACK)


def test_creates_every_resource_except_those_of_codedeploy(stack: Stack, resources: Any) -> None:
    pages = stack.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK)
    created = {item["LogicalResourceId"] for page in pages for item in page["StackResourceSummaries"]}
    assert _without_digests(created) == _without_digests(resources.keys() - NOT_EMULATED)


def test_functions_have_the_limits_of_the_template(stack: Stack, resources: Any) -> None:
    for name in ("TagFunction", "BulkFunction", "SmokeTestFunction"):
        properties = resources[name]["Properties"]
        function = stack.client("lambda").get_function_configuration(FunctionName=properties["FunctionName"])
        for limit in ("MemorySize", "Timeout"):
            assert function[limit] == properties[limit], name
        assert f"role/{STACK}-{properties['Role']['Fn::GetAtt'][0]}-" in function["Role"]


def test_outputs_name_resources_that_exist(stack: Stack) -> None:
    outputs = stack.outputs
    assert outputs["AlarmTopicArn"].startswith(f"arn:aws:sns:{REGION}:000000000000:{STACK}-AlarmTopic-")
    for bucket in ("UploadBucketName", "ResultsBucketName"):
        assert stack.client("s3").get_bucket_versioning(Bucket=outputs[bucket])["Status"] == "Enabled"
    assert stack.client("stepfunctions").describe_state_machine(stateMachineArn=outputs["BackfillArn"])


def _without_digests(names: Any) -> list[str]:
    """Return logical ids without the digests that SAM appends to versions and deployments."""
    return sorted(re.sub(r"[0-9a-f]{10}$", "", name) for name in names)
