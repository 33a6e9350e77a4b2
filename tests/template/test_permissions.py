"""IAM: actions and resources are named; each exception is listed here with its reason, and nowhere else."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.template.conftest import Deploy, Resources

Statement = tuple[str, str, str]

_OBJECTS = "objects of one bucket of the stack: their keys are what callers make them"
_RUNS = "runs of one state machine, by itself: Step Functions names them"
WILDCARDS: dict[Statement, str] = {
    ("TagRole", "xray:PutTraceSegments", "*"): "X-Ray has no resources to name",
    ("TagRole", "xray:PutTelemetryRecords", "*"): "X-Ray has no resources to name",
    ("SmokeTestRole", "xray:PutTraceSegments", "*"): "X-Ray has no resources to name",
    ("SmokeTestRole", "xray:PutTelemetryRecords", "*"): "X-Ray has no resources to name",
    ("SmokeTestRole", "lambda:InvokeFunction", "${TagFunction.Arn}:*"): (
        "every version of one function: a policy that named the new one would change seconds before it is needed"
    ),
    ("BulkRole", "xray:PutTraceSegments", "*"): "X-Ray has no resources to name",
    ("BulkRole", "xray:PutTelemetryRecords", "*"): "X-Ray has no resources to name",
    ("TagRole", "s3:GetObject", "${UploadBucket.Arn}/*"): _OBJECTS,
    ("TagRole", "s3:GetObjectVersion", "${UploadBucket.Arn}/*"): _OBJECTS,
    ("TagRole", "s3:PutObject", "${UploadBucket.Arn}/uploads/*"): _OBJECTS,
    ("BulkRole", "s3:GetObject", "${UploadBucket.Arn}/*"): _OBJECTS,
    ("BulkRole", "s3:GetObjectVersion", "${UploadBucket.Arn}/*"): _OBJECTS,
    ("BulkRole", "s3:GetObject", "${ResultsBucket.Arn}/results/*"): _OBJECTS,
    ("BulkRole", "s3:PutObject", "${ResultsBucket.Arn}/results/*"): _OBJECTS,
    ("BackfillRole", "s3:GetObject", "${UploadBucket.Arn}/*"): _OBJECTS,
    ("BackfillRole", "s3:GetObject", "${ResultsBucket.Arn}/backfills/*"): _OBJECTS,
    ("BackfillRole", "s3:PutObject", "${ResultsBucket.Arn}/backfills/*"): _OBJECTS,
    ("BackfillRole", "s3:AbortMultipartUpload", "${ResultsBucket.Arn}/backfills/*"): _OBJECTS,
    ("BackfillRole", "s3:ListMultipartUploadParts", "${ResultsBucket.Arn}/backfills/*"): _OBJECTS,
    **{
        ("BackfillRunsItself", f"states:{action}", f"arn:aws:states:eu-central-1:123456789012:{resource}"): _RUNS
        for action, resource in (
            ("StartExecution", "execution:${Backfill.Name}/*"),
            ("RedriveExecution", "execution:${Backfill.Name}/*"),
            ("DescribeExecution", "execution:${Backfill.Name}*"),
            ("StopExecution", "execution:${Backfill.Name}*"),
            ("DescribeMapRun", "mapRun:${Backfill.Name}/*"),
        )
    },
    ("DeploymentRole", "cloudwatch:DescribeAlarms", "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:*"): (
        "it reads the state of alarms, and lists them"
    ),
}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def text(resource: Any) -> str:
    """Return a resource of a statement as a text: an attribute of something in the stack has no wildcard."""
    return resource if isinstance(resource, str) else str(resource)


def statements(stack: Resources) -> Iterator[Statement]:
    for name, item in stack.items():
        properties = item.get("Properties", {})
        documents = [policy["PolicyDocument"] for policy in properties.get("Policies", []) if isinstance(policy, dict)]
        if item["Type"] in ("AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy"):
            documents.append(properties["PolicyDocument"])
        for document in documents:
            for statement in listed(document["Statement"]):
                assert {"Effect", "Action", "Resource"} <= set(statement), (
                    f"{name}: NotAction and NotResource say too much"
                )
                for action in listed(statement["Action"]):
                    for resource in listed(statement["Resource"]):
                        yield name, action, text(resource)


@pytest.fixture(scope="module")
def everything(deploy: Deploy) -> Resources:
    """The stack with all that is optional."""
    return deploy(WebAclArn="arn:aws:wafv2:x:1:regional/webacl/x/1", AlarmEmail="pets@example.com")


def test_no_wildcard_but_those_that_are_listed(everything: Resources) -> None:
    found = {statement for statement in statements(everything) if "*" in statement[1] or "*" in statement[2]}
    assert found - set(WILDCARDS) == set(), "name actions and ARNs, or list it with a reason"
    assert set(WILDCARDS) - found == set(), "listed, and no longer there"
    assert len(list(statements(everything))) > len(WILDCARDS)


def test_no_managed_policies(everything: Resources) -> None:
    """Their statements are not in the template, and AWS changes them."""
    assert not [name for name, item in everything.items() if "ManagedPolicyArns" in item.get("Properties", {})]


def test_roles_are_assumed_by_services_alone(everything: Resources) -> None:
    for name, item in everything.items():
        if item["Type"] == "AWS::IAM::Role":
            for statement in item["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
                assert list(statement["Principal"]) == ["Service"], name
                assert listed(statement["Action"]) == ["sts:AssumeRole"], name
