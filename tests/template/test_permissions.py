"""IAM: every statement names its actions and resources. Each wildcard is listed here with its reason."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.template.conftest import Deploy, Resources, of_type

Statement = tuple[str, str, str]
BOUNDARY = "arn:aws:iam::123456789012:policy/pet-tagger-boundary"

_STATES = "arn:aws:states:eu-central-1:123456789012"
_TRACE = "xray:PutTraceSegments xray:PutTelemetryRecords"
_READ = "s3:GetObject s3:GetObjectVersion"
_TAG = "s3:GetObjectTagging s3:GetObjectVersionTagging s3:PutObjectTagging s3:PutObjectVersionTagging"
# Role, actions and resource.
_LISTED = [
    # X-Ray has no resource ARNs.
    *((role, _TRACE, "*") for role in ("TagRole", "SmokeTestRole", "BulkRole")),
    # All versions of one function, because a policy that names the new one might not have taken effect yet.
    ("SmokeTestRole", "lambda:InvokeFunction", "${TagFunction.Arn}:*"),
    # The alias and all versions of one function.
    ("DeploymentRole", "lambda:GetAlias lambda:UpdateAlias", "${TagFunction.Arn}:*"),
    ("DeploymentRole", "lambda:GetProvisionedConcurrencyConfig", "${TagFunction.Arn}:*"),
    # CodeDeploy lists all alarms to read the state of some.
    ("DeploymentRole", "cloudwatch:DescribeAlarms", "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:*"),
    # Callers choose the keys of objects.
    ("TagRole", f"{_READ} s3:PutObject", "${UploadBucket.Arn}/uploads/*"),
    ("BulkRole", f"{_READ} {_TAG}", "${UploadBucket.Arn}/*"),
    ("BulkRole", f"{_READ} {_TAG}", "arn:aws:s3:::photos/2024/*"),
    ("BulkRole", "s3:GetObject s3:PutObject", "${ResultsBucket.Arn}/results/*"),
    ("BackfillRole", "s3:GetObject", "${UploadBucket.Arn}/*"),
    ("BackfillRole", "s3:GetObject s3:PutObject", "${ResultsBucket.Arn}/backfills/*"),
    ("BackfillRole", "s3:AbortMultipartUpload s3:ListMultipartUploadParts", "${ResultsBucket.Arn}/backfills/*"),
    # Inventories may be anywhere in the bucket.
    ("BackfillRole", "s3:GetObject", "arn:aws:s3:::photos/*"),
    # Step Functions chooses the names of executions.
    ("BackfillRole", "states:StartExecution states:RedriveExecution", f"{_STATES}:execution:pets-backfill/*"),
    ("BackfillRole", "states:DescribeExecution states:StopExecution", f"{_STATES}:execution:pets-backfill*"),
    ("BackfillRole", "states:DescribeMapRun", f"{_STATES}:mapRun:pets-backfill/*"),
]
WILDCARDS: set[Statement] = {
    (role, action, resource) for role, actions, resource in _LISTED for action in actions.split()
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
    assert used - WILDCARDS == set(), "name actions and ARNs, or list the wildcard with its reason"
    assert WILDCARDS - used == set(), "listed but no longer used"
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
