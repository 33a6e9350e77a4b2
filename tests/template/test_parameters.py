"""Every parameter reaches its property, and optional resources exist only if a parameter asks for them."""

from typing import Any

import pytest

from tests.template.conftest import Deploy, allowed

WEB_ACL = "arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/pets/1"
ORIGINS = "https://a.example,https://b.example"


@pytest.mark.parametrize(
    ("parameters", "resources"),
    [
        ({"AuthMode": "Iam"}, {"ApiKey", "UsagePlan", "UsagePlanKey"}),
        ({"AuthMode": "None"}, {"ApiKey", "UsagePlan", "UsagePlanKey"}),
        ({"AccessLogs": "false"}, {"AccessLog"}),
        ({"WebAclArn": WEB_ACL}, {"WebAclAssociation"}),
        ({"AlarmEmail": "pets@example.com"}, {"AlarmSubscription"}),
        ({"KeepActive": "true"}, {"KeepActiveRole", "KeepBulkFunctionActive", "KeepTagFunctionActive"}),
        ({"SourceBucket": "photos"}, {"SourceRule"}),
    ],
)
def test_a_parameter_adds_or_removes_resources(deploy: Deploy, parameters: dict[str, str], resources: set[str]) -> None:
    assert deploy().keys() ^ deploy(**parameters).keys() == resources


@pytest.mark.parametrize(
    ("parameter", "value", "path"),
    [
        ("KeyRate", 3, "UsagePlan/Throttle/RateLimit"),
        ("KeyBurst", 3, "UsagePlan/Throttle/BurstLimit"),
        ("KeyQuotaPerMonth", 3, "UsagePlan/Quota/Limit"),
        ("CorsOrigins", ORIGINS, "TagFunction/Environment/Variables/CORS_ORIGINS"),
        ("WebAclArn", WEB_ACL, "WebAclAssociation/WebACLArn"),
        ("AlarmEmail", "pets@example.com", "AlarmSubscription/Endpoint"),
        ("LatencyAlarmMilliseconds", 300, "LatencyAlarm/Threshold"),
        ("InvocationsPerHourAlarm", 3, "InvocationsAlarm/Threshold"),
        ("ReservedConcurrency", 5, "TagFunction/ReservedConcurrentExecutions"),
        ("ReservedConcurrency", 0, "TagFunction/ReservedConcurrentExecutions"),  # stops the service
        ("SmokeLabel", "dog", "SmokeTestFunction/Environment/Variables/SMOKE_LABEL"),
        ("WriteObjectTags", "true", "BulkFunction/Environment/Variables/WRITE_OBJECT_TAGS"),
    ],
)
def test_a_parameter_sets_its_property(deploy: Deploy, parameter: str, value: Any, path: str) -> None:
    name, *keys = path.split("/")
    found = deploy(**{parameter: value})[name]["Properties"]
    for key in keys:
        found = found[key]
    assert found == value


@pytest.mark.parametrize(
    ("mode", "environments", "apply_on", "provisioned"),
    [
        ("None", "0", "None", None),
        ("SnapStart", "0", "PublishedVersions", None),
        ("ProvisionedConcurrency", "2", "None", {"ProvisionedConcurrentExecutions": "2"}),
    ],
)
def test_each_start_mode_excludes_the_others(
    deploy: Deploy, mode: str, environments: str, apply_on: str, provisioned: dict[str, str] | None
) -> None:
    parameters = {"StartMode": mode, "ProvisionedConcurrency": environments}
    assert allowed(parameters) == []
    stack = deploy(**parameters)
    assert stack["TagFunction"]["Properties"]["SnapStart"] == {"ApplyOn": apply_on}
    assert stack["TagFunctionAliaslive"]["Properties"].get("ProvisionedConcurrencyConfig") == provisioned
    assert "SnapStart" not in stack["BulkFunction"]["Properties"], "it is invoked without a version"


@pytest.mark.parametrize(("mode", "environments"), [("None", "1"), ("SnapStart", "1"), ("ProvisionedConcurrency", "0")])
def test_a_rule_refuses_start_modes_that_contradict(mode: str, environments: str) -> None:
    (problem,) = allowed({"StartMode": mode, "ProvisionedConcurrency": environments})
    assert "ProvisionedConcurrency" in problem
