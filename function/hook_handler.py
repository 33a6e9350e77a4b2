"""Lambda entry for deployments: a smoke test of the new version before it gets traffic.

CodeDeploy invokes this function after it has published the version. Unless this function reports success, CodeDeploy
rolls the deployment back.
"""

import base64
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config

from function.settings import Settings

PHOTO = Path(__file__).parent / "smoke_test_cat.webp"
ATTEMPTS = 3
PAUSE_S = 5
DEMO_MODEL = "models/demo"  # knows drawings only, so it has no tags for the photo
# Time at the end for the report to CodeDeploy.
_RESERVED_S = 10

logger = Logger(service="pet-tagger-smoke-test")
settings = Settings.from_environment(os.environ)


def handler(event: dict[str, str], context: Any) -> None:
    """Test the new version and report the result to CodeDeploy."""
    problem = smoke_test(lambda: context.get_remaining_time_in_millis() / 1000 - _RESERVED_S)
    logger.info("smoke test", version=settings.new_version, passed=not problem, problem=problem)
    boto3.client("codedeploy").put_lifecycle_event_hook_execution_status(
        deploymentId=event["DeploymentId"],
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status="Failed" if problem else "Succeeded",
    )


def smoke_test(remaining_s: Callable[[], float]) -> str:
    """Return why the new version must not get traffic, or nothing if it tags the photo correctly.

    Errors are retried, because the first invocations of a new version can time out or find the image still pending. A
    wrong tag is not retried.
    """
    problem = "there was no time for an attempt"
    for attempts_left in range(ATTEMPTS, 0, -1):
        timeout_s = remaining_s() / attempts_left
        if timeout_s < 1:
            break
        try:
            config = Config(connect_timeout=5, read_timeout=timeout_s, retries={"total_max_attempts": 1})
            tags, model = tag_photo(boto3.client("lambda", config=config), settings.new_version)
            return problem_with(tags, model, settings.smoke_label)
        except Exception as error:
            logger.exception("the new version did not return tags", attempts_left=attempts_left - 1)
            problem = str(error) or type(error).__name__
        if attempts_left > 1 and remaining_s() > PAUSE_S:
            time.sleep(PAUSE_S)
    return problem


def tag_photo(client: Any, function: str) -> tuple[list[dict[str, Any]], str]:
    """Return the tags of the photo and the model, from `POST /tag` of `function`, an ARN with a version or a name.

    Raises RuntimeError if the function fails or answers with an error, and botocore's errors.
    """
    request = {
        "resource": "/tag",
        "path": "/tag",
        "httpMethod": "POST",
        "headers": {"Content-Type": "image/webp"},
        "multiValueHeaders": {"Content-Type": ["image/webp"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {"path": "/tag", "requestId": "smoke-test"},
        "body": base64.b64encode(PHOTO.read_bytes()).decode(),
        "isBase64Encoded": True,
    }
    response = client.invoke(FunctionName=function, Payload=json.dumps(request).encode())
    answer = json.loads(response["Payload"].read())
    if response.get("FunctionError") or not isinstance(answer, dict) or answer.get("statusCode") != 200:
        raise RuntimeError(f"expected an answer with status 200, got: {json.dumps(answer)[:500]}")
    return json.loads(answer["body"]), answer.get("headers", {}).get("x-model", "")


def problem_with(tags: list[dict[str, Any]], model: str, label: str) -> str:
    """Return an error if there are no tags, or if `label` is set and not the best pet. Otherwise return nothing.

    The demo model may have no tags.
    """
    if not tags and model == DEMO_MODEL:
        return ""
    pets = [tag for tag in tags if tag["group"] == "pet"] or tags
    best = pets[0]["label"] if pets else "nothing"
    if not pets or (label and best != label):
        return f"{PHOTO.name} is tagged as {best}, expected {label or 'any tag'}: {json.dumps(tags)[:500]}"
    return ""
