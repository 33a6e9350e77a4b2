"""How a new version gets traffic, what stops it, and what rings when something is wrong."""

import pytest

from tests.delivered import ROOT
from tests.template.conftest import Deploy, Resources, of_type, translated

OPERATIONS = ROOT / "docs/operations.md"


@pytest.fixture(scope="module")
def alarms(stack: Resources) -> Resources:
    return of_type(stack, "AWS::CloudWatch::Alarm")


def test_traffic_goes_to_an_alias_that_codedeploy_moves(stack: Resources) -> None:
    alias = stack["TagFunctionAliaslive"]
    assert alias["Properties"]["Name"] == "live"
    update = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    assert update["DeploymentGroupName"] == {"Ref": "TagFunctionDeploymentGroup"}
    assert update["BeforeAllowTrafficHook"] == {"Ref": "SmokeTestFunction"}


def test_an_alarm_rolls_a_deployment_back(stack: Resources) -> None:
    group = stack["TagFunctionDeploymentGroup"]["Properties"]
    names = {alarm["Name"]["Ref"] for alarm in group["AlarmConfiguration"]["Alarms"]}
    assert (group["AlarmConfiguration"]["Enabled"], names) == (True, {"ServerErrorsAlarm", "LatencyAlarm"})
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]


def test_codedeploy_may_invoke_the_smoke_test(stack: Resources) -> None:
    function = stack["SmokeTestFunction"]["Properties"]
    assert function["FunctionName"].startswith("CodeDeployHook_")
    assert function["ImageConfig"] == {"Command": ["function.hook_handler.handler"]}
    assert function["Environment"]["Variables"]["NEW_VERSION"]["Ref"].startswith("TagFunctionVersion")
    # Long enough for the other function to start and to answer.
    assert function["Timeout"] > 2 * stack["TagFunction"]["Properties"]["Timeout"]


def test_a_release_is_a_version_of_its_own(template: Resources) -> None:
    """Without one, only the image and the template count: SAM does not look into parameters."""

    def versions(resources: Resources) -> list[str]:
        return [name for name, item in resources.items() if item["Type"] == "AWS::Lambda::Version"]

    plain, released = versions(template["Resources"]), versions(translated("Release=1795500000")["Resources"])
    assert released == ["TagFunctionVersion1795500000"]
    assert len(plain) == 1
    assert plain != released


@pytest.mark.parametrize("parameter", ["Canary10Percent5Minutes", "Linear10PercentEvery1Minute", "AllAtOnce"])
def test_how_traffic_shifts_is_a_parameter(template: Resources, parameter: str) -> None:
    assert parameter in template["Parameters"]["DeploymentType"]["AllowedValues"]


def test_every_alarm_reaches_somebody_and_is_explained(alarms: Resources) -> None:
    operations = OPERATIONS.read_text(encoding="utf-8")
    for name, alarm in alarms.items():
        assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}], name
        assert alarm["TreatMissingData"] == "notBreaching", f"{name} would ring while nobody calls"
        assert alarm["AlarmDescription"], name
        assert f"`{name}`" in operations, f"{name} is not in docs/operations.md"


@pytest.mark.parametrize(
    ("name", "metric", "statistic", "threshold", "period_s"),
    [
        ("ServerErrorsAlarm", "AWS/ApiGateway 5XXError", "Sum", 1, 60),
        ("LatencyAlarm", "AWS/ApiGateway Latency", "p95", 5000, 60),
        ("ThrottlesAlarm", "AWS/Lambda Throttles", "Sum", 1, 300),
        ("InitAlarm", "PetTagger/pets InitDuration", "Maximum", 8000, 300),
        ("InvocationsAlarm", "AWS/Lambda Invocations", "Sum", 10000, 3600),
    ],
)
def test_alarms(alarms: Resources, name: str, metric: str, statistic: str, threshold: int, period_s: int) -> None:
    alarm = alarms[name]
    assert f"{alarm['Namespace']} {alarm['MetricName']}" == metric
    assert alarm.get("Statistic", alarm.get("ExtendedStatistic")) == statistic
    assert (alarm["Threshold"], alarm["Period"]) == (threshold, period_s)


def test_alarms_look_at_this_stack(alarms: Resources, stack: Resources) -> None:
    api = {"Name": "ApiName", "Value": stack["Api"]["Properties"]["Name"]}
    for name, alarm in alarms.items():
        if alarm["Namespace"] == "AWS/ApiGateway":
            assert alarm["Dimensions"] == [api], name
        elif alarm["Namespace"] == "AWS/Lambda":
            (dimension,) = alarm["Dimensions"]
            assert dimension["Name"] == "FunctionName"
            assert stack[dimension["Value"]["Ref"]]["Type"] == "AWS::Lambda::Function"


def test_alarms_are_mailed_if_an_address_is_given(deploy: Deploy) -> None:
    subscription = deploy(AlarmEmail="pets@example.com")["AlarmSubscription"]["Properties"]
    assert subscription == {"TopicArn": {"Ref": "AlarmTopic"}, "Protocol": "email", "Endpoint": "pets@example.com"}
    assert "AlarmSubscription" not in deploy()
