"""Print template.yaml as CloudFormation will see it, SAM's part translated, as JSON.

    scripts/tool.sh policy python tools/translate_template.py [NAME=VALUE...]

NAME=VALUE are parameters of the template; the others have their defaults. Run where the SAM translator is: it does not
go with what this project locks for itself.
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
    print(json.dumps(translate(dict(argument.split("=", 1) for argument in sys.argv[1:]))))
    return 0


def translate(parameters: dict[str, str]) -> Any:
    """Return the translated template, its parameters still to be filled in but where SAM needed their values."""
    # Looked up by name: they are there in .venv-policy alone, and mypy looks in .venv.
    load = import_module("cfnlint.decode.cfn_yaml").load
    parser = import_module("samtranslator.parser.parser").Parser()
    translator = import_module("samtranslator.translator.translator").Translator
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # asked for, to tell AWS's partitions apart
    template = json.loads(json.dumps(load(str(TEMPLATE))))
    _put_packages(template)
    # Managed policies are those that SAM itself names.
    managed = {name: f"arn:aws:iam::aws:policy/{name}" for name in ("AWSXRayDaemonWriteAccess",)}
    return translator(managed, parser).translate(template, parameters)


def _put_packages(template: dict[str, Any]) -> None:
    """Give every function an image and every state machine an uploaded definition, as `sam package` does."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["ImageUri"] = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/pet-tagger:test"
        if resource["Type"] == "AWS::Serverless::StateMachine":
            resource["Properties"]["DefinitionUri"] = "s3://packages/definition.asl.yaml"


if __name__ == "__main__":
    sys.exit(main())
