"""IAM: every statement names its actions and resources. Each wildcard is listed here with its reason."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.template.conftest import Deploy, Resources, of_type

Statement = tuple[str, str, str]
BOUNDARY = "arn:aws:iam::123456789012:policy/pet-tagger-boundary"

_OBJECTS = "callers choose the keys of objects"
_RUNS = "Step Functions chooses the names of executions"
_NO_ARNS = "X-Ray has no resource ARNs"
_SOURCE = "arn:aws:s3:::photos/2024/*"
WILDCARDS: dict[Statement, str] = {
    ("TagRole", "xray:PutTraceSegments", "*"): _NO_ARNS,
    ("TagRole", "xray:PutTelemetryRecords", "*"): _NO_ARNS,
    ("SmokeTestRole", "xray:PutTraceSegments", "*"): _NO_ARNS,
    ("SmokeTestRole", "xray:PutTelemetryRecords", "*"): _NO_ARNS,
    ("SmokeTestRole", "lambda:InvokeFunction", "${TagFunction.Arn}:*"): (
        "all versions of one function, because a policy that names the new one might not have taken effect yet"
    ),
    **{
        ("DeploymentRole", f"lambda:{action}", "${TagFunction.Arn}:*"): "the alias and all versions of one function"
        for action in ("GetAlias", "UpdateAlias", "GetProvisionedConcurrencyConfig")
    },
    ("BulkRole", "xray:PutTraceSegments", "*"): _NO_ARNS,
    ("BulkRole", "xray:PutTelemetryRecords", "*"): _NO_ARNS,
    ("TagRole", "s3:GetObject", "${UploadBucket.Arn}/uploads/*"): _OBJECTS,
    ("TagRole", "s3:GetObjectVersion", "${UploadBucket.Arn}/uploads/*"): _OBJECTS,
    ("TagRole", "s3:PutObject", "${UploadBucket.Arn}/uploads/*"): _OBJECTS,
    ("BulkRole", "s3:GetObject", "${UploadBucket.Arn}/*"): _OBJECTS,
    ("BulkRole", "s3:GetObjectVersion", "${UploadBucket.Arn}/*"): _OBJECTS,
    **{
        ("BulkRole", f"s3:{verb}Object{version}Tagging", bucket): _OBJECTS
        for verb in ("Get", "Put")
        for version in ("", "Version")
        for bucket in ("${UploadBucket.Arn}/*", _SOURCE)
    },
    ("BulkRole", "s3:GetObject", _SOURCE): _OBJECTS,
    ("BulkRole", "s3:GetObjectVersion", _SOURCE): _OBJECTS,
    ("BulkRole", "s3:GetObject", "${ResultsBucket.Arn}/results/*"): _OBJECTS,
    ("BulkRole", "s3:PutObject", "${ResultsBucket.Arn}/results/*"): _OBJECTS,
    ("BackfillRole", "s3:GetObject", "${UploadBucket.Arn}/*"): _OBJECTS,
    ("BackfillRole", "s3:GetObject", "arn:aws:s3:::photos/*"): "inventories may be anywhere in the bucket",
    ("BackfillRole", "s3:GetObject", "${ResultsBucket.Arn}/backfills/*"): _OBJECTS,
    ("BackfillRole", "s3:PutObject", "${ResultsBucket.Arn}/backfills/*"): _OBJECTS,
    ("BackfillRole", "s3:AbortMultipartUpload", "${ResultsBucket.Arn}/backfills/*"): _OBJECTS,
    ("BackfillRole", "s3:ListMultipartUploadParts", "${ResultsBucket.Arn}/backfills/*"): _OBJECTS,
    **{
        ("BackfillRole", f"states:{action}", f"arn:aws:states:eu-central-1:123456789012:{resource}"): _RUNS
        for action, resource in (
            ("StartExecution", "execution:pets-backfill/*"),
            ("RedriveExecution", "execution:pets-backfill/*"),
            ("DescribeExecution", "execution:pets-backfill*"),
            ("StopExecution", "execution:pets-backfill*"),
            ("DescribeMapRun", "mapRun:pets-backfill/*"),
        )
    },
    ("DeploymentRole", "cloudwatch:DescribeAlarms", "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:*"): (
        "CodeDeploy lists all alarms to read the state of some"
    ),
}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def text(resource: Any) -> str:
    """Return a resource of a statement as text. An attribute of another resource has no wildcard."""
    return resource if isinstance(resource, str) else str(resource)


def statements(stack: Resources) -> Iterator[Statement]:
    for name, item in stack.items():
        properties = item.get("Properties", {})
        documents = [policy["PolicyDocument"] for policy in properties.get("Policies", []) if isinstance(policy, dict)]
        if item["Type"] in ("AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy"):
            documents.append(properties["PolicyDocument"])
        for document in documents:
            for statement in listed(document["Statement"]):
                assert {"Effect", "Action", "Resource"} <= set(statement), f"{name}: NotAction allows too much"
                for action in listed(statement["Action"]):
                    for resource in listed(statement["Resource"]):
                        yield name, action, text(resource)


@pytest.fixture(scope="module")
def everything(deploy: Deploy) -> Resources:
    """The stack with every optional resource."""
    return deploy(
        WebAclArn="arn:aws:wafv2:x:1:regional/webacl/x/1",
        AlarmEmail="pets@example.com",
        KeepActive="true",
        SourceBucket="photos",
        SourcePrefix="2024/",
        WriteObjectTags="true",
        PermissionsBoundary=BOUNDARY,
    )


def test_only_listed_wildcards_are_used(everything: Resources) -> None:
    used = {statement for statement in statements(everything) if "*" in statement[1] or "*" in statement[2]}
    assert used - set(WILDCARDS) == set(), "name actions and ARNs, or list the wildcard with its reason"
    assert set(WILDCARDS) - used == set(), "listed but no longer used"
    assert len(list(statements(everything))) > len(WILDCARDS)


def test_no_role_uses_a_managed_policy(everything: Resources) -> None:
    """Because its statements are not in the template and AWS changes them."""
    assert not [name for name, item in everything.items() if "ManagedPolicyArns" in item.get("Properties", {})]


def test_every_role_has_the_permissions_boundary_if_one_is_given(everything: Resources, stack: Resources) -> None:
    roles = of_type(everything, "AWS::IAM::Role")
    assert {name: role.get("PermissionsBoundary") for name, role in roles.items()} == dict.fromkeys(roles, BOUNDARY)
    assert not any("PermissionsBoundary" in role for role in of_type(stack, "AWS::IAM::Role").values())


def test_only_services_may_assume_roles(everything: Resources) -> None:
    for name, item in everything.items():
        if item["Type"] == "AWS::IAM::Role":
            for statement in item["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
                assert list(statement["Principal"]) == ["Service"], name
                assert listed(statement["Action"]) == ["sts:AssumeRole"], name
