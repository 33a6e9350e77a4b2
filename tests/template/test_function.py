"""How the functions run: limits, logs, traces, one image, the processor that is asked for."""

import pytest

from tests.template.conftest import Deploy, Resources, of_type

API_TIMEOUT_S = 29  # of a REST API, unless raised
NEW_ACCOUNTS_MEMORY_MB = 3008


@pytest.fixture(scope="module")
def functions(stack: Resources) -> Resources:
    return of_type(stack, "AWS::Lambda::Function")


def test_the_answer_to_a_slow_request_is_the_functions(functions: Resources) -> None:
    assert functions["TagFunction"]["Timeout"] < API_TIMEOUT_S


def test_a_new_account_can_deploy_it(functions: Resources) -> None:
    assert all(function["MemorySize"] <= NEW_ACCOUNTS_MEMORY_MB for function in functions.values())
    # Less than 10 must stay unreserved, and a new account has 10 in all.
    assert not [name for name, function in functions.items() if "ReservedConcurrentExecutions" in function]


def test_concurrency_is_opt_in(deploy: Deploy, stack: Resources) -> None:
    chosen = deploy(ReservedConcurrency=5, ProvisionedConcurrency=2)
    assert chosen["TagFunction"]["Properties"]["ReservedConcurrentExecutions"] == 5
    provisioned = chosen["TagFunctionAliaslive"]["Properties"]["ProvisionedConcurrencyConfig"]
    assert provisioned == {"ProvisionedConcurrentExecutions": 2}
    assert "ProvisionedConcurrencyConfig" not in stack["TagFunctionAliaslive"]["Properties"]


def test_the_service_can_be_stopped(deploy: Deploy) -> None:
    assert deploy(ReservedConcurrency=0)["TagFunction"]["Properties"]["ReservedConcurrentExecutions"] == 0


def test_every_function_logs_to_a_group_of_the_stack(functions: Resources, stack: Resources) -> None:
    groups = of_type(stack, "AWS::Logs::LogGroup")
    for name, function in functions.items():
        logging = function["LoggingConfig"]
        assert logging["LogFormat"] == "JSON", name
        assert logging["LogGroup"]["Ref"] in groups, name


def test_logs_are_kept_as_long_as_is_asked_for(deploy: Deploy) -> None:
    for name, group in of_type(deploy(LogRetentionDays=7), "AWS::Logs::LogGroup").items():
        assert group["RetentionInDays"] == 7, name


def test_every_function_is_traced(functions: Resources) -> None:
    assert all(function["TracingConfig"] == {"Mode": "Active"} for function in functions.values())


@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
def test_all_functions_run_on_the_processor_that_is_asked_for(deploy: Deploy, architecture: str) -> None:
    functions = of_type(deploy(Architecture=architecture), "AWS::Lambda::Function")
    assert all(function["Architectures"] == [architecture] for function in functions.values())


def test_metrics_of_two_stacks_are_kept_apart(stack: Resources, functions: Resources) -> None:
    namespace = functions["TagFunction"]["Environment"]["Variables"]["METRICS_NAMESPACE"]
    assert namespace == "PetTagger/pets"
    for name, filters in of_type(stack, "AWS::Logs::MetricFilter").items():
        assert [item["MetricNamespace"] for item in filters["MetricTransformations"]] == [namespace], name


def test_nothing_logs_the_event(functions: Resources) -> None:
    for name, function in functions.items():
        assert "POWERTOOLS_LOGGER_LOG_EVENT" not in function["Environment"]["Variables"], name
