"""Lambda entry for deployments: before a new version gets traffic, it must tag a picture of its own image.

CodeDeploy invokes this between publishing the version and shifting traffic to it, and rolls back unless it is told that
all is well.
"""

import base64
import json
import os
from pathlib import Path
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from function.settings import Settings

PICTURE = Path(__file__).parent / "smoke_test_cat.webp"

logger = Logger(service="pet-tagger-smoke-test")
settings = Settings.from_environment(os.environ)


def handler(event: dict[str, str], context: object) -> None:  # noqa: ARG001 - Lambda passes both
    """Have the new version tag the picture, and tell CodeDeploy what came of it."""
    try:
        wrong = complaint(invoke(boto3.client("lambda"), settings.new_version), settings.smoke_label)
    except Exception as error:
        logger.exception("the new version could not be asked")
        wrong = str(error) or type(error).__name__
    logger.info("smoke test", version=settings.new_version, passed=not wrong, wrong=wrong)
    boto3.client("codedeploy").put_lifecycle_event_hook_execution_status(
        deploymentId=event["DeploymentId"],
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status="Failed" if wrong else "Succeeded",
    )


def invoke(client: Any, function: str) -> Any:
    """Return what `function`, an ARN with a version or a name, answers to `POST /tag` with the picture."""
    request = {
        "resource": "/tag",
        "path": "/tag",
        "httpMethod": "POST",
        "headers": {"Content-Type": "image/webp"},
        "multiValueHeaders": {"Content-Type": ["image/webp"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {"path": "/tag", "requestId": "smoke-test"},
        "body": base64.b64encode(PICTURE.read_bytes()).decode(),
        "isBase64Encoded": True,
    }
    response = client.invoke(FunctionName=function, Payload=json.dumps(request).encode())
    return json.loads(response["Payload"].read())


def complaint(answer: Any, label: str) -> str:
    """Return what is wrong with the answer, nothing if it is tags, the best of them `label` if that is not empty."""
    if not isinstance(answer, dict) or answer.get("statusCode") != 200:
        return f"not an answer with status 200: {json.dumps(answer)[:500]}"
    tags = json.loads(answer["body"])
    best = tags[0]["label"] if tags else "nothing"
    if not tags or (label and best != label):
        return f"{PICTURE.name} is {best}, expected {label or 'a tag'}: {answer['body'][:500]}"
    return ""
