"""The state machine of a backfill: its definition is valid, and runs on moto as far as moto goes (see machine.py)."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from statelint.linter import Linter  # type: ignore[import-untyped]

from function.errors import ItemsUnfinished
from tests.bulk.aws import Aws
from tests.bulk.conftest import PHOTOS, RESULTS, Context
from tests.bulk.machine import DEFINITION, create, definition

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

TEMPLATE = Path(__file__).parents[2] / "template.yaml"


# Fields of Distributed Map that this validator does not know yet; npm's asl-validator, with AWS's schema, does.
NEWER = {
    'Field "WriterConfig" not allowed in State Machine.States.TagBucket.ResultWriter',
    'Field "WriterConfig" not allowed in State Machine.States.TagInventory.ResultWriter',
    'Field "InputType" not allowed in State Machine.States.TagInventory.ItemReader.ReaderConfig',
}


def test_is_valid() -> None:
    assert set(Linter.validate(definition())) == NEWER


def test_the_validator_has_teeth() -> None:
    broken = definition()
    broken["States"]["TagBucket"]["ItemBatcher"]["MaxItemsPerBatch"] = "many"
    broken["States"]["Count"]["Next"] = "Nowhere"
    assert len(set(Linter.validate(broken)) - NEWER) >= 2


def test_both_maps_do_the_same_with_their_items() -> None:
    bucket, inventory = (dict(definition()["States"][name]) for name in ("TagBucket", "TagInventory"))
    for each in (bucket, inventory):
        del each["ItemReader"], each["ItemBatcher"]["BatchInput"], each["ItemProcessor"]["StartAt"]
        (each["ItemProcessor"]["States"],) = each["ItemProcessor"]["States"].values()
    assert bucket == inventory


def test_the_template_puts_in_all_that_the_definition_wants() -> None:
    wanted = set(re.findall(r"\$\{(\w+)\}", DEFINITION.read_text(encoding="utf-8")))
    found = re.search(r"DefinitionSubstitutions:\n((?: {8}\w+: .+\n)+)", TEMPLATE.read_text(encoding="utf-8"))
    assert found is not None
    assert set(re.findall(r"^ +(\w+):", found[1], re.MULTILINE)) == wanted


def run(given: dict[str, Any]) -> dict[str, Any]:
    """Run the state machine with that input, to its end."""
    client, name = boto3.client("stepfunctions"), f"run-{time.monotonic_ns()}"
    arn = client.start_execution(stateMachineArn=create(), name=name, input=json.dumps(given))["executionArn"]
    deadline = time.monotonic() + 120
    while (execution := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return dict(execution)


def test_a_prefix_of_a_bucket_is_tagged_with_the_real_function(
    cloud: Aws, s3: "S3Client", handler: Callable[..., Any], cat_jpeg: bytes
) -> None:
    keys = [f"album/{i} é+%20.jpg" for i in range(5)]
    for key in [*keys, "elsewhere.jpg"]:
        s3.put_object(Bucket=PHOTOS, Key=key, Body=cat_jpeg if not key.startswith("album/3") else b"broken")
    calls: list[Any] = []

    def function(event: Any) -> Any:
        """The real handler, failing once, as when it is throttled or out of time."""
        calls.append(event)
        if len(calls) == 2:
            raise ItemsUnfinished("1 of 1 objects are left to do")
        return handler(event, Context())

    cloud.functions["bulk"] = function
    execution = run({"bucket": PHOTOS, "prefix": "album/", "concurrency": 2})
    assert execution["status"] == "SUCCEEDED", execution
    assert len(calls) == len(keys) + 1
    listed = s3.list_objects_v2(Bucket=RESULTS, Prefix=f"results/{PHOTOS}/").get("Contents", [])
    results = [json.loads(s3.get_object(Bucket=RESULTS, Key=item["Key"])["Body"].read()) for item in listed]
    assert {result["key"]: "tags" in result for result in results} == {
        key: not key.startswith("album/3") for key in keys
    }
    details = json.loads(execution["output"])["map"]["ResultWriterDetails"]
    assert details["Key"].startswith("backfills/")
    run({"bucket": PHOTOS, "prefix": "album/"})
    versions = s3.list_object_versions(Bucket=RESULTS, Prefix=f"results/{PHOTOS}/")["Versions"]
    assert len(versions) == len(keys), "a second run tags nothing twice"
