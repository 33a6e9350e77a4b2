"""Read metrics from log lines in CloudWatch's embedded metric format, as CloudWatch does."""

import json
from typing import Any

# Amazon CloudWatch, "Specification: Embedded metric format": names are 1 to 1,024 characters, at most 30 dimensions.
_UNITS = {"Count", "Milliseconds", "Bytes"}


def documents(output: str) -> list[dict[str, Any]]:
    """Return the metric documents among the lines of `output`."""
    lines = [line[line.index("{") :] for line in output.splitlines() if '"_aws"' in line]
    return [json.loads(line) for line in lines]


def metrics(document: dict[str, Any]) -> dict[str, float]:
    """Return the value of each metric of a document; fail if the document violates the specification."""
    assert isinstance(document["_aws"]["Timestamp"], int)
    (directive,) = document["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"]
    for dimensions in directive["Dimensions"]:
        assert all(isinstance(document[name], str) and document[name] for name in dimensions)
    assert {metric["Unit"] for metric in directive["Metrics"]} <= _UNITS
    values = {metric["Name"]: document[metric["Name"]] for metric in directive["Metrics"]}
    assert all(len(value) == 1 for value in values.values())
    return {name: value[0] for name, value in values.items()}


def dimensions(document: dict[str, Any]) -> list[dict[str, str]]:
    """Return the dimension sets of the document's metrics."""
    (directive,) = document["_aws"]["CloudWatchMetrics"]
    return [{name: document[name] for name in names} for names in directive["Dimensions"]]
