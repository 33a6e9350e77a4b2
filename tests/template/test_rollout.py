"""How a new version gets traffic, what rolls it back, and the alarms."""

import re
from typing import Any

import pytest

from tests.support.programs import ROOT
from tests.template.conftest import RELEASE, Deploy, Resources, of_type, translated

OPERATIONS = ROOT / "docs/operations.md"


@pytest.fixture(scope="module")
def alarms(stack: Resources) -> Resources:
    return of_type(stack, "AWS::CloudWatch::Alarm")


def test_codedeploy_moves_the_alias_after_the_smoke_test(stack: Resources) -> None:
    alias = stack["TagFunctionAliaslive"]
    assert alias["Properties"]["Name"] == "live"
    update = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    assert update["DeploymentGroupName"] == {"Ref": "TagFunctionDeploymentGroup"}
    assert update["BeforeAllowTrafficHook"] == {"Ref": "SmokeTestFunction"}


def test_a_stopped_service_can_be_deployed_without_the_smoke_test(deploy: Deploy) -> None:
    """A rollback would start the service again, because it undoes ReservedConcurrency=0."""
    update = deploy(ReservedConcurrency="0")["TagFunctionAliaslive"]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    assert "BeforeAllowTrafficHook" not in update


def test_a_deployment_during_an_alarm_is_possible(deploy: Deploy) -> None:
    """CodeDeploy refuses to deploy while an alarm of the group fires, even the fix of its cause."""
    assert deploy(RollbackOnAlarm="false")["TagFunctionDeploymentGroup"]["Properties"]["AlarmConfiguration"] == {}


def test_the_latency_alarm_ignores_percentiles_of_few_requests(alarms: Resources) -> None:
    assert alarms["LatencyAlarm"]["EvaluateLowSampleCountPercentile"] == "ignore"


def test_an_alarm_rolls_a_deployment_back(stack: Resources) -> None:
    group = stack["TagFunctionDeploymentGroup"]["Properties"]
    names = {alarm["Name"]["Ref"] for alarm in group["AlarmConfiguration"]["Alarms"]}
    assert (group["AlarmConfiguration"]["Enabled"], names) == (True, {"ServerErrorsAlarm", "LatencyAlarm"})
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]


def test_codedeploy_can_invoke_the_smoke_test(stack: Resources) -> None:
    function = stack["SmokeTestFunction"]["Properties"]
    assert function["FunctionName"].startswith("CodeDeployHook_")
    assert function["ImageConfig"] == {"Command": ["function.hook_handler.handler"]}
    assert function["Environment"]["Variables"]["NEW_VERSION"]["Ref"].startswith("TagFunctionVersion")
    # Enough time for the other function to start and to answer.
    assert function["Timeout"] > 2 * stack["TagFunction"]["Properties"]["Timeout"]


def test_a_new_release_publishes_a_new_version(template: Resources) -> None:
    """Without it, SAM publishes a version only if the image or the template changes, but not for parameters."""

    def versions(resources: Resources) -> list[str]:
        return [name for name, item in resources.items() if item["Type"] == "AWS::Lambda::Version"]

    plain, released = versions(template["Resources"]), versions(translated(f"Release={RELEASE}")["Resources"])
    assert released == [f"TagFunctionVersion{RELEASE}"]
    assert len(plain) == 1
    assert plain != released


def test_a_release_changes_the_function(deploy: Deploy) -> None:
    """Lambda publishes no version of a function that has not changed, and the deployment would fail."""
    first, second = (deploy(Release=release)["TagFunction"] for release in ("1795500000", "1795500001"))
    assert first != second


def test_every_alarm_notifies_the_topic_and_is_documented(alarms: Resources) -> None:
    operations = OPERATIONS.read_text(encoding="utf-8")
    for name, alarm in alarms.items():
        assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}], name
        assert alarm["TreatMissingData"] == "notBreaching", f"{name} would fire while nobody calls"
        assert alarm["AlarmDescription"], name
        assert f"`{name}`" in operations, f"{name} is not in docs/operations.md"


def test_alarms_watch_metrics_that_exist(alarms: Resources, stack: Resources) -> None:
    """The metrics are those that AWS documents, and those that the stack's filters write."""
    filters = of_type(stack, "AWS::Logs::MetricFilter").values()
    existing = {
        ("AWS/ApiGateway", "5XXError"),
        ("AWS/ApiGateway", "Latency"),
        ("AWS/Lambda", "Throttles"),
        ("AWS/Lambda", "Invocations"),
        ("AWS/Lambda", "Errors"),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        ("AWS/States", "ExecutionsFailed"),
        *((item["MetricNamespace"], item["MetricName"]) for each in filters for item in each["MetricTransformations"]),
    }
    assert {(alarm["Namespace"], alarm["MetricName"]) for alarm in alarms.values()} == existing


def test_alarms_watch_this_stack(alarms: Resources, stack: Resources) -> None:
    api = {"Name": "ApiName", "Value": stack["Api"]["Properties"]["Name"]}
    for name, alarm in alarms.items():
        if alarm["Namespace"] == "AWS/ApiGateway":
            assert alarm["Dimensions"] == [api], name
        elif alarm["Namespace"] == "AWS/Lambda":
            (dimension,) = alarm["Dimensions"]
            assert dimension["Name"] == "FunctionName"
            assert stack[dimension["Value"]["Ref"]]["Type"] == "AWS::Lambda::Function"


@pytest.mark.parametrize(
    ("report", "counted_ms"),
    [
        ({"type": "platform.report", "record": {"metrics": {"initDurationMs": 3000.0}}}, 3000.0),
        ({"type": "platform.report", "record": {"metrics": {"restoreDurationMs": 700.0}}}, 700.0),
        ({"type": "platform.report", "record": {"metrics": {"durationMs": 80.0}}}, None),
        ({"type": "platform.initReport", "record": {"status": "timeout", "metrics": {"durationMs": 9999.0}}}, 9999.0),
        ({"type": "platform.restoreReport", "record": {"status": "error", "metrics": {"durationMs": 400.0}}}, 400.0),
        ({"type": "platform.initReport", "record": {"status": "success", "metrics": {"durationMs": 9000.0}}}, None),
    ],
)
def test_starts_and_restores_are_one_metric(stack: Resources, report: dict[str, Any], counted_ms: float | None) -> None:
    """`report` is a line that Lambda writes into the function's log."""
    filters = of_type(stack, "AWS::Logs::MetricFilter").values()
    matching = [each for each in filters if matches(each["FilterPattern"], report)]
    values = [selected(each["MetricTransformations"][0]["MetricValue"], report) for each in matching]
    assert values == ([] if counted_ms is None else [counted_ms])


def selected(selector: str, line: Any) -> Any:
    for name in selector.removeprefix("$.").split("."):
        line = line.get(name, {})
    return None if line == {} else line


def matches(pattern: str, line: Any) -> bool:
    """Evaluate a CloudWatch filter pattern for JSON lines. An absent field matches no comparison."""

    def compare(match: re.Match[str]) -> str:
        value, operator, literal = selected(match[1], line), match[2], match[3]
        compared = f"{value!r} {'==' if operator == '=' else operator} {literal}"
        return "False" if value is None else compared

    expression = re.sub(r"(\$[.\w]+) (!?=|>) (\"\w[\w.]*\"|\d+)", compare, pattern.strip("{} "))
    return bool(eval(expression.replace("&&", "and").replace("||", "or")))  # noqa: S307 - a pattern of the template
