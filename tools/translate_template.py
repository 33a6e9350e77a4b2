"""Translate template.yaml from SAM to CloudFormation and print it as JSON.

    scripts/tool.sh policy python tools/translate_template.py [NAME=VALUE | FILE]...

Prints one object. "" maps to the translation with default parameters, each NAME=VALUE to the translation with that
parameter, and each FILE to a CloudFormation template. It runs in .venv-policy, because the SAM translator conflicts
with this project's locked packages.
"""

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

TEMPLATE = Path(__file__).resolve().parent.parent / "template.yaml"


def main() -> int:
    """Run the command line; return its exit code."""
    documents = {"": translate({})}
    for argument in sys.argv[1:]:
        name, is_parameter, value = argument.partition("=")
        documents[argument] = translate({name: value}) if is_parameter else _load(Path(argument))
    print(json.dumps(documents))
    return 0


def translate(parameters: dict[str, str]) -> Any:
    """Return the translated template. Parameters are replaced only where SAM needs their values."""
    # Imported by name, because they are only in .venv-policy and mypy checks with .venv.
    parser = import_module("samtranslator.parser.parser").Parser()
    translator = import_module("samtranslator.translator.translator").Translator
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # SAM derives the AWS partition from the region
    template = _load(TEMPLATE)
    _put_packages(template)
    # The managed policies that SAM adds by name.
    managed = {name: f"arn:aws:iam::aws:policy/{name}" for name in ("AWSXRayDaemonWriteAccess",)}
    return translator(managed, parser).translate(template, parameters)


def _load(path: Path) -> Any:
    """Return a template with the short forms of its functions (`!Ref`) written out."""
    return json.loads(json.dumps(import_module("cfnlint.decode.cfn_yaml").load(str(path))))


def _put_packages(template: dict[str, Any]) -> None:
    """Give every function an image and every state machine an uploaded definition, as `sam package` does."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["ImageUri"] = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/pet-tagger:test"
        if resource["Type"] == "AWS::Serverless::StateMachine":
            resource["Properties"]["DefinitionUri"] = "s3://packages/definition.asl.yaml"


if __name__ == "__main__":
    sys.exit(main())
