"""The definition of the backfill's state machine is valid. test_backfill.py runs it on moto."""

import json
import re
from pathlib import Path
from random import Random

from statelint.linter import Linter  # type: ignore[import-untyped]

from tests.support.state_machine import DEFINITION, definition

TEMPLATE = Path(__file__).parents[2] / "template.yaml"


# Fields of Distributed Map that this validator does not know yet. npm's asl-validator knows them.
NEWER = {
    'Field "WriterConfig" not allowed in State Machine.States.TagBucket.ResultWriter',
    'Field "WriterConfig" not allowed in State Machine.States.TagInventory.ResultWriter',
    'Field "InputType" not allowed in State Machine.States.TagInventory.ItemReader.ReaderConfig',
}


def test_is_valid() -> None:
    assert set(Linter.validate(definition())) == NEWER


def test_both_maps_do_the_same_with_their_items() -> None:
    bucket, inventory = (dict(definition()["States"][name]) for name in ("TagBucket", "TagInventory"))
    for each in (bucket, inventory):
        del each["ItemReader"], each["ItemBatcher"]["BatchInput"], each["ItemProcessor"]["StartAt"]
    normalised = json.dumps(inventory).replace("TagInventoried", "TagListed")
    assert json.dumps(bucket) == normalised


def test_a_batch_is_retried_while_the_image_of_an_idle_function_is_prepared() -> None:
    first = definition()["States"]["TagBucket"]["ItemProcessor"]["States"]["TagListed"]["Retry"][0]
    assert set(first["ErrorEquals"]) == {"Lambda.CodeArtifactUserPendingException", "Lambda.ResourceNotReadyException"}
    assert 60 <= first["IntervalSeconds"] * first["MaxAttempts"] <= 240, "express children have five minutes"


def test_a_batch_is_retried_after_every_error_of_lambda_itself() -> None:
    """The errors are those of the page "Handle Lambda service exceptions" of the Step Functions documentation."""
    retriers = definition()["States"]["TagBucket"]["ItemProcessor"]["States"]["TagListed"]["Retry"]
    service = ("Service", "AWSLambda", "SdkClient", "ClientExecutionTimeout", "TooManyRequests")
    retried = {error for retrier in retriers for error in retrier["ErrorEquals"]}
    assert {"Lambda.Unknown", *(f"Lambda.{name}Exception" for name in service)} < retried


def has_free_slot(random: Random, second: float, running: int) -> bool:
    """Return whether the account, with its ten concurrent executions, can start a batch while `running` others run.

    The API and the queue need up to 8 executions now and then.
    """
    others = random.choice((8, 5)) if second % 60 < 10 else random.choice((1, 2, 3))
    return running + others < 10


def failed_batches(concurrency: int, batches: int, batch_s: float = 6.0, seed: int = 0) -> float:
    """Return the share of batches that use up their retries, by a simulation of the state machine's retry policy."""
    throttled = definition()["States"]["TagBucket"]["ItemProcessor"]["States"]["TagListed"]["Retry"][1]
    assert throttled["ErrorEquals"] == ["Lambda.TooManyRequestsException"]
    random = Random(seed)  # noqa: S311 - a simulation
    ends, failures = list[float](), 0
    workers = [(0.0, 0) for _ in range(concurrency)]  # when each child of the map tries next, and its retries so far
    started = 0
    while started < batches:
        workers.sort()
        now, retries = workers.pop(0)
        ends = [end for end in ends if end > now]
        if has_free_slot(random, now, len(ends)):
            ends.append(now + batch_s)
            workers.append((now + batch_s, 0))
            started += 1
        elif retries == throttled["MaxAttempts"]:
            failures += 1
            started += 1
            workers.append((now, 0))
        else:
            longest = throttled["IntervalSeconds"] * throttled["BackoffRate"] ** retries
            workers.append((now + random.uniform(0, min(longest, throttled["MaxDelaySeconds"])), retries + 1))
    return failures / batches


def test_the_default_concurrency_leaves_room_for_the_api_in_a_new_account() -> None:
    default = definition()["States"]["Defaults"]["Result"]["concurrency"]
    assert failed_batches(default, 3000) <= 0.01
    assert failed_batches(50, 3000) > 0.01, "the simulation detects too much concurrency"


def test_the_template_substitutes_every_variable_of_the_definition() -> None:
    variables = set(re.findall(r"\$\{(\w+)\}", DEFINITION.read_text(encoding="utf-8")))
    block = re.search(r"DefinitionSubstitutions:\n((?: {8}\w+: .+\n)+)", TEMPLATE.read_text(encoding="utf-8"))
    assert block is not None
    assert set(re.findall(r"^ +(\w+):", block[1], re.MULTILINE)) == variables
