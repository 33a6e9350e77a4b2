"""The part of a backfill's state machine that moto can run.

moto reads a bucket's listing, runs a child for each item, retries, and writes a manifest. It does not support batches
of items, result writers, inventories, express children, tolerated percentages, or describeMapRun within a state
machine. So here each item is its own batch, and the states after the map are removed. Only validators check those.
"""

import json
import time
from pathlib import Path
from typing import Any

import boto3
import httpx2
import yaml

from tests.support.aws import RESULTS

DEFINITION = Path(__file__).parents[2] / "infra/backfill.asl.yaml"
_FUNCTION_ARN = "arn:aws:lambda:eu-central-1:123456789012:function:bulk"
_ROLE_ARN = "arn:aws:iam::123456789012:role/backfill"


def definition() -> dict[str, Any]:
    """Return the definition with the template's substitutions."""
    text = DEFINITION.read_text(encoding="utf-8")
    substituted = text.replace("${BulkFunctionArn}", _FUNCTION_ARN).replace("${ResultsBucket}", RESULTS)
    assert "${" not in substituted
    parsed: dict[str, Any] = yaml.safe_load(substituted)
    return parsed


def _for_moto(machine: dict[str, Any]) -> dict[str, Any]:
    """Return the definition without unsupported features. The function gets the same events as with a batcher."""
    state = machine["States"]["TagBucket"]
    batch = state.pop("ItemBatcher")["BatchInput"]
    state["ItemSelector"] = {"BatchInput": batch, "Items.$": "States.Array($$.Map.Item.Value)"}
    state["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] = "STANDARD"
    del state["ResultWriter"]["WriterConfig"], state["Next"]
    state["End"] = True
    machine["States"] = {
        name: machine["States"][name] for name in ("Defaults", "Input", "BucketOrInventory", "TagBucket")
    }
    machine["States"]["BucketOrInventory"] = {"Type": "Pass", "Next": "TagBucket"}
    return machine


def create() -> str:
    """Create the state machine, which invokes the function `bulk`; return its ARN."""
    client = boto3.client("stepfunctions")
    configuration = {"stepfunctions": {"execute_state_machine": True}}
    httpx2.post(f"{client.meta.endpoint_url}/moto-api/config", json=configuration)
    machine = json.dumps(_for_moto(definition()))
    name = f"backfill-{time.monotonic_ns()}"
    return client.create_state_machine(name=name, definition=machine, roleArn=_ROLE_ARN)["stateMachineArn"]
