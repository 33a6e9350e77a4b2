"""The roles of GitHub Actions in infra/github-oidc.yaml, and the artifacts they upload."""

from fnmatch import fnmatch
from typing import Any

import pytest

from tests.support.intrinsics import failed_assertions, resolved
from tests.support.programs import ROOT
from tests.template.conftest import GITHUB_OIDC, Resources, documents, translated
from tests.template.test_permissions import listed, statements

STACK = "pet-tagger-dev"
PARAMETERS = {"Repository": "octo/pets", "Environment": "dev"}


@pytest.fixture(scope="module")
def template() -> Any:
    """infra/github-oidc.yaml as JSON."""
    return documents()[GITHUB_OIDC]


@pytest.fixture(scope="module")
def roles(template: Any) -> Resources:
    return resolved(template, PARAMETERS)


def policy(role: Any) -> list[Any]:
    """Return the statements of a role."""
    return [each for item in role["Properties"]["Policies"] for each in item["PolicyDocument"]["Statement"]]


def test_tokens_with_and_without_ids_are_accepted(template: Any) -> None:
    def subjects(**parameters: str) -> Any:
        document = resolved(template, PARAMETERS | parameters)["DeployRole"]["Properties"]["AssumeRolePolicyDocument"]
        (statement,) = document["Statement"]
        return statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]

    assert subjects() == ["repo:octo/pets:environment:dev"]
    assert subjects(OwnerId="7", RepositoryId="42") == [
        "repo:octo/pets:environment:dev",
        "repo:octo@7/pets@42:environment:dev",
    ]


@pytest.mark.parametrize(
    ("owner", "repository", "problems"), [("", "", 0), ("7", "42", 0), ("7", "", 1), ("", "42", 1)]
)
def test_a_rule_requires_both_ids_or_neither(template: Any, owner: str, repository: str, problems: int) -> None:
    parameters = PARAMETERS | {"OwnerId": owner, "RepositoryId": repository}
    assert len(failed_assertions(template, parameters)) == problems


def test_roles_are_created_only_with_the_boundary(roles: Resources) -> None:
    for statement in policy(roles["StackRole"]):
        if {"iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"} & set(listed(statement["Action"])):
            assert statement["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": {"Ref": "Boundary"}}}
    allowed = {action for statement in policy(roles["StackRole"]) for action in listed(statement["Action"])}
    assert "iam:UpdateRole" in allowed
    assert not {"iam:*", "iam:DeleteRolePermissionsBoundary", "iam:AttachRolePolicy", "iam:CreatePolicy"} & allowed


def test_the_boundary_allows_what_the_roles_of_the_stack_do(template: Any) -> None:
    parameters = {
        "KeepActive": "true",
        "SourceBucket": "photos",
        "WriteObjectTags": "true",
    }
    stack = resolved(translated(), parameters, stack_name=STACK)
    boundary = resolved(template, PARAMETERS | {"SourceBucket": "photos"})["Boundary"]["Properties"]["PolicyDocument"]
    for name, action, resource in statements(stack):
        patterns = [
            pattern
            for statement in boundary["Statement"]
            if action in listed(statement["Action"])
            for pattern in listed(statement["Resource"])
        ]
        known = resource.startswith("arn:") and "${" not in resource
        assert any(not known or fnmatch(resource, pattern) for pattern in patterns), (name, action, resource)


def test_cloudformation_can_read_the_state_machine_that_sam_uploads(roles: Resources) -> None:
    uploads = "arn:aws:s3:::pet-tagger-dev-artifacts-*/*"
    readable = [each for each in policy(roles["StackRole"]) if uploads in listed(each["Resource"])]
    assert "s3:GetObject" in readable[0]["Action"]


def test_api_gateway_can_create_its_role_for_tracing_in_a_new_account(stack: Resources, roles: Resources) -> None:
    """It does so with the permissions of the caller when the first stage of an account has tracing."""
    assert stack["ApiStage"]["Properties"]["TracingEnabled"] is True
    (statement,) = [each for each in policy(roles["StackRole"]) if each["Action"] == "iam:CreateServiceLinkedRole"]
    assert "/aws-service-role/ops.apigateway.amazonaws.com/" in statement["Resource"]
    assert statement["Condition"] == {"StringEquals": {"iam:AWSServiceName": "ops.apigateway.amazonaws.com"}}


def test_other_environments_keep_the_provider_when_one_is_removed(roles: Resources) -> None:
    assert roles["Provider"]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_the_pipeline_uploads_only_to_the_artifacts_of_its_environment(roles: Resources) -> None:
    statements = {statement["Sid"]: statement for statement in policy(roles["DeployRole"])}
    assert statements["PushImages"]["Resource"].endswith(":repository/pet-tagger-dev-artifacts")
    assert "s3:PutObject" in statements["UploadTemplates"]["Action"]
    actions = {action for statement in statements.values() for action in listed(statement["Action"])}
    assert not {"s3:CreateBucket", "ecr:CreateRepository"} & actions


def test_the_pipeline_can_delete_versions_but_not_the_function(roles: Resources) -> None:
    (statement,) = [each for each in policy(roles["DeployRole"]) if "lambda:DeleteFunction" in listed(each["Action"])]
    assert statement["Resource"].endswith(":function:pet-tagger-dev-tag:*")


def test_the_session_outlasts_the_slowest_deployment(roles: Resources) -> None:
    assert roles["DeployRole"]["Properties"]["MaxSessionDuration"] > 100 * 60 + 1800
    workflow = (ROOT / ".github/workflows/deploy.yml").read_text(encoding="utf-8")
    assert f"role-duration-seconds: {roles['DeployRole']['Properties']['MaxSessionDuration']}" in workflow
