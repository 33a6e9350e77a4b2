"""Deploy template.yaml to the emulator, with the changes of overlay.py."""

import hashlib
import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from tools.stack.emulator import REGION, ROOT, Emulator, StackError
from tools.stack.overlay import STATE_MACHINE_CHANGES, changed, template_changes
from tools.stack.template import load

IMAGE = "tagfunction:pet-tagger"  # as `sam build` names it
TEMPLATE, STATE_MACHINE = ROOT / "template.yaml", ROOT / "infra/backfill.asl.yaml"
_BUCKET = "stack-artifacts"


def client(emulator: Emulator, service: str) -> Any:
    """Return a boto3 client of the emulator."""
    return boto3.client(  # type: ignore[call-overload]
        service,
        region_name=REGION,
        endpoint_url=emulator.url,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - the emulator accepts anything
    )


def deploy(emulator: Emulator, stack: str, image: str = IMAGE, **parameters: str) -> dict[str, str]:
    """Create or update a stack with `parameters` of the template; return its outputs.

    Raises StackError, with the reasons, if the deployment fails.
    """
    s3, cloudformation = client(emulator, "s3"), client(emulator, "cloudformation")
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=f"{_BUCKET}-{stack}", CreateBucketConfiguration={"LocationConstraint": REGION})
    template = packaged(emulator, image, _upload(s3, stack, changed(load(STATE_MACHINE), STATE_MACHINE_CHANGES)))
    # The emulator expands SAM with default values only. A new release publishes a version, as in scripts/deploy.sh.
    for name, value in {"Release": str(int(time.time())), **parameters}.items():
        template["Parameters"][name]["Default"] = value
    arguments = {
        "StackName": stack,
        "TemplateURL": "{}/{Bucket}/{Key}".format(emulator.url, **_upload(s3, stack, template)),
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    (cloudformation.update_stack if _exists(cloudformation, stack) else cloudformation.create_stack)(**arguments)
    outputs = _wait(cloudformation, stack)
    _answer_preflights(client(emulator, "apigateway"), outputs["TagUrl"].split("/")[-3], template)
    return outputs


def packaged(emulator: Emulator, image: str, definition: dict[str, str]) -> Any:
    """Return the changed template with an image and an uploaded state machine, as `sam package` makes it."""
    template = load(TEMPLATE)
    template = changed(template, template_changes(template, emulator.url, emulator.url_for_containers))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["ImageUri"] = image
    template["Resources"]["Backfill"]["Properties"]["DefinitionUri"] = definition
    return template


def api_key(emulator: Emulator, outputs: dict[str, str]) -> str:
    """Return the key of the deployed API."""
    key: str = client(emulator, "apigateway").get_api_key(apiKey=outputs["ApiKeyId"], includeValue=True)["value"]
    return key


def write_environment(emulator: Emulator, outputs: dict[str, str], file: Path) -> None:
    """Write variables for a shell's `source`. They replace the credentials of an account."""
    variables = {
        **emulator.environment,
        "URL": outputs["TagUrl"].removesuffix("/tag"),
        "KEY": api_key(emulator, outputs),
        "UPLOADS": outputs["UploadBucketName"],
        "RESULTS": outputs["ResultsBucketName"],
    }
    lines = [f"export {name}={value}\n" for name, value in variables.items()]
    # The AWS CLI of this environment is used if there is no other.
    lines += ["unset AWS_PROFILE AWS_SESSION_TOKEN\n", f'export PATH="$PATH:{ROOT}/.venv-ministack/bin"\n']
    file.write_text("".join(lines), encoding="utf-8")


def _upload(s3: Any, stack: str, document: Any) -> dict[str, str]:
    """Upload a document under a name that changes with its content, because an update compares names."""
    body = json.dumps(document)
    location = {"Bucket": f"{_BUCKET}-{stack}", "Key": f"{hashlib.sha256(body.encode()).hexdigest()}.json"}
    s3.put_object(**location, Body=body)
    return location


def _exists(cloudformation: Any, stack: str) -> bool:
    try:
        return bool(cloudformation.describe_stacks(StackName=stack)["Stacks"])
    except ClientError:
        return False


def _wait(cloudformation: Any, stack: str) -> dict[str, str]:
    while True:
        (description,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
        if not description["StackStatus"].endswith("IN_PROGRESS"):
            break
        time.sleep(0.2)
    if description["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        reasons = [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}"
            for event in events
            if "FAILED" in event["ResourceStatus"]
        ]
        raise StackError("\n".join([f"{stack} is {description['StackStatus']}", *reasons]))
    return {output["OutputKey"]: output["OutputValue"] for output in description["Outputs"]}


def _answer_preflights(gateway: Any, api_id: str, template: Any) -> None:
    """Set the headers of CORS preflights, which the emulator does not import from the API's document."""
    cors = template["Resources"]["Api"]["Properties"]["Cors"]
    names = {
        "Access-Control-Allow-Origin": cors["AllowOrigin"],
        "Access-Control-Allow-Methods": cors["AllowMethods"],
        "Access-Control-Allow-Headers": cors["AllowHeaders"],
        "Access-Control-Max-Age": cors["MaxAge"],
    }
    for resource in gateway.get_resources(restApiId=api_id, limit=500)["items"]:
        if "OPTIONS" in resource.get("resourceMethods", {}):
            gateway.put_integration_response(
                restApiId=api_id,
                resourceId=resource["id"],
                httpMethod="OPTIONS",
                statusCode="200",
                responseParameters={f"method.response.header.{name}": value for name, value in names.items()},
            )
