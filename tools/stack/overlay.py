"""What the emulated AWS cannot do: the changes to template.yaml and to the state machine, each with its reason.

The rest of both files is deployed unchanged. `OMIT` removes a property.
"""

import copy
from dataclasses import dataclass
from typing import Any

OMIT = object()


@dataclass(frozen=True)
class Change:
    """A new value, or `OMIT`, for the property at `path`, whose keys are separated by slashes."""

    path: str
    value: Any
    reason: str


def template_changes(template: Any, url: str, url_for_containers: str) -> list[Change]:
    """Return the changes to template.yaml for an emulator with these two addresses."""
    binary = template["Resources"]["Api"]["Properties"]["BinaryMediaTypes"]
    return [
        Change("Resources/TagFunction/Properties/DeploymentPreference", OMIT, "There is no AWS::CodeDeploy."),
        Change(
            "Resources/SmokeTestRole/Properties/Policies/0/PolicyDocument/Statement/1",
            OMIT,
            "The statement names the deployment group of CodeDeploy.",
        ),
        Change(
            "Resources/BulkFunction/Properties/Events/Queue/Properties/ScalingConfig/MaximumConcurrency",
            2,
            "A Number parameter arrives as text, and then the queue is never read.",
        ),
        *(
            Change(
                f"Resources/Api/Properties/BinaryMediaTypes/{number}",
                kind.replace("~1", "/"),
                "The emulator does not read ~1 as a slash, so images would arrive as text.",
            )
            for number, kind in enumerate(binary)
        ),
        Change(
            "Resources/TagFunction/Properties/Environment/Variables/UPLOAD_ORIGIN",
            url_for_containers,
            "Upload forms have the emulator's address, and the web page must be allowed to use it.",
        ),
        Change(
            "Outputs/TagUrl/Value",
            {"Fn::Sub": f"{url}/_aws/execute-api/${{Api}}/${{Stage}}/tag"},
            "The host name of the API exists at AWS only.",
        ),
    ]


def _map_changes(state: str, batch_input: dict[str, str]) -> list[Change]:
    """Return the changes to one distributed map."""
    return [
        Change(f"States/{state}/ItemBatcher", OMIT, "There are no batches: the function would get objects one by one."),
        Change(
            f"States/{state}/ItemSelector",
            {"BatchInput": batch_input, "Items.$": "States.Array($$.Map.Item.Value)"},
            "Each object becomes a batch of one.",
        ),
        Change(f"States/{state}/MaxConcurrencyPath", OMIT, "The path is ignored, so all objects would start at once."),
        Change(f"States/{state}/MaxConcurrency", 2, "As many containers as fit a laptop's memory."),
        Change(f"States/{state}/ToleratedFailurePercentagePath", OMIT, "The path is ignored."),
        Change(f"States/{state}/ToleratedFailurePercentage", 5, "As the default of the state machine."),
        Change(f"States/{state}/ResultWriter", OMIT, "It is ignored: no lists of results are written."),
        Change(f"States/{state}/ResultPath", None, "The map returns all results instead of the ARN of its run."),
        Change(f"States/{state}/Next", "FindMapRun", "The next state needs the ARN of the run."),
    ]


STATE_MACHINE_CHANGES = [
    *_map_changes("TagBucket", {"bucket.$": "$.bucket"}),
    *_map_changes("TagInventory", {"keys": "encoded"}),
    Change(
        "States/FindMapRun",
        {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sfn:listMapRuns",
            "Parameters": {"ExecutionArn.$": "$$.Execution.Id"},
            "ResultSelector": {"MapRunArn.$": "$.MapRuns[0].MapRunArn"},
            "ResultPath": "$.map",
            "Next": "Count",
        },
        "The map does not return the ARN of its run.",
    ),
    Change(
        "States/WriteSummary",
        {"Type": "Pass", "End": True},
        "There is no aws-sdk:s3:putObject: the summary is the output of the execution.",
    ),
]


def changed(document: Any, changes: list[Change]) -> Any:
    """Return a copy of `document` with `changes`.

    Raises LookupError if a change omits a property that is not there.
    """
    result = copy.deepcopy(document)
    for change in changes:
        *parents, last = (int(key) if key.isdigit() else key for key in change.path.split("/"))
        node = result
        for key in parents:
            node = node[key]
        if change.value is OMIT:
            del node[last]
        else:
            node[last] = change.value
    return result
