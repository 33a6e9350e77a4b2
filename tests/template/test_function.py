"""The functions: limits, logs, traces, architecture and the schedules that keep them active."""

import pytest

from function.settings import Settings
from tests.template.conftest import Deploy, Resources, of_type

API_TIMEOUT_S = 29  # of a REST API, unless raised
NEW_ACCOUNTS_MEMORY_MB = 3008
# The Dockerfile sets the model folder. Lambda sends one whole request at a time.
NOT_IN_THE_TEMPLATE = {"model_dir", "max_upload_seconds", "max_waiting_requests"}
# Settings whose values are resources or names of the stack.
OF_THE_STACK = {"upload_bucket", "upload_origin", "results_bucket", "new_version", "metrics_namespace", "smoke_label"}


@pytest.fixture(scope="module")
def functions(stack: Resources) -> Resources:
    return of_type(stack, "AWS::Lambda::Function")


def test_the_function_times_out_before_the_api(functions: Resources) -> None:
    assert functions["TagFunction"]["Timeout"] < API_TIMEOUT_S


@pytest.mark.parametrize("name", sorted(set(Settings.model_fields) - NOT_IN_THE_TEMPLATE))
def test_functions_have_every_setting_with_its_default_value(functions: Resources, name: str) -> None:
    environments = [function["Environment"]["Variables"] for function in functions.values()]
    values = [environment[name.upper()] for environment in environments if name.upper() in environment]
    assert values
    if name not in OF_THE_STACK:
        assert {Settings.from_environment({name.upper(): str(value)}) for value in values} == {Settings()}


def test_the_defaults_fit_a_new_account(functions: Resources) -> None:
    assert all(function["MemorySize"] <= NEW_ACCOUNTS_MEMORY_MB for function in functions.values())
    # 10 must stay unreserved, and a new account has 10 in all.
    assert not [name for name, function in functions.items() if "ReservedConcurrentExecutions" in function]


def test_every_function_logs_to_a_group_of_the_stack(functions: Resources, stack: Resources) -> None:
    groups = of_type(stack, "AWS::Logs::LogGroup")
    for name, function in functions.items():
        logging = function["LoggingConfig"]
        assert logging["LogFormat"] == "JSON", name
        assert logging["LogGroup"]["Ref"] in groups, name


def test_log_retention_is_a_parameter(deploy: Deploy) -> None:
    for name, group in of_type(deploy(LogRetentionDays=7), "AWS::Logs::LogGroup").items():
        assert group["RetentionInDays"] == 7, name


def test_every_function_is_traced(functions: Resources) -> None:
    assert all(function["TracingConfig"] == {"Mode": "Active"} for function in functions.values())


@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
def test_all_functions_have_the_same_architecture(deploy: Deploy, architecture: str) -> None:
    functions = of_type(deploy(Architecture=architecture), "AWS::Lambda::Function")
    assert all(function["Architectures"] == [architecture] for function in functions.values())


def test_each_stack_has_its_own_metrics_namespace(stack: Resources, functions: Resources) -> None:
    namespace = functions["TagFunction"]["Environment"]["Variables"]["METRICS_NAMESPACE"]
    assert namespace == "PetTagger/pets"
    for name, filters in of_type(stack, "AWS::Logs::MetricFilter").items():
        assert [item["MetricNamespace"] for item in filters["MetricTransformations"]] == [namespace], name


def test_no_function_logs_its_event(functions: Resources) -> None:
    for name, function in functions.items():
        assert "POWERTOOLS_LOGGER_LOG_EVENT" not in function["Environment"]["Variables"], name


def test_schedules_keep_both_functions_active(deploy: Deploy) -> None:
    stack = deploy(KeepActive="true")
    schedules = of_type(stack, "AWS::Scheduler::Schedule")
    targets = {name: schedule["Target"]["Arn"] for name, schedule in schedules.items()}
    assert targets == {
        "KeepTagFunctionActive": {"Ref": "TagFunctionAliaslive"},
        "KeepBulkFunctionActive": {"Fn::GetAtt": ["BulkFunction", "Arn"]},
    }
    (policy,) = stack["KeepActiveRole"]["Properties"]["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Resource"] == list(targets.values())
