"""The emulated stack differs from template.yaml only by the changes that overlay.py lists."""

from collections.abc import Iterator
from typing import Any

import pytest

from tools.stack.deployment import STATE_MACHINE, TEMPLATE
from tools.stack.overlay import OMIT, STATE_MACHINE_CHANGES, Change, changed, template_changes
from tools.stack.template import load

CASES = [
    (TEMPLATE, template_changes(load(TEMPLATE), "http://localhost:1", "http://bridge:1")),
    (STATE_MACHINE, STATE_MACHINE_CHANGES),
]


@pytest.mark.parametrize(("path", "changes"), CASES, ids=["template", "state machine"])
def test_only_listed_properties_differ_and_every_change_is_needed(path: Any, changes: list[Change]) -> None:
    original = load(path)
    listed = {change.path for change in changes}
    seen = {
        next((place for place in listed if f"{difference}/".startswith(f"{place}/")), difference)
        for difference in differences(original, changed(original, changes))
    }
    assert seen == listed
    assert all(change.reason.endswith(".") for change in changes)


def test_no_resource_and_no_state_is_left_out() -> None:
    for path, changes in CASES:
        omitted = [change.path for change in changes if change.value is OMIT]
        assert all(len(change.split("/")) > 2 for change in omitted), path


def test_an_omission_of_a_property_that_is_gone_is_an_error() -> None:
    with pytest.raises(LookupError):
        changed({"Resources": {}}, [Change("Resources/Gone", OMIT, "It is gone.")])


def test_short_intrinsic_functions_are_read_as_cloudformation_reads_them() -> None:
    resources = load(TEMPLATE)["Resources"]
    function = resources["TagFunction"]["Properties"]
    assert resources["Api"]["Properties"]["Name"] == {"Ref": "AWS::StackName"}
    assert function["Role"] == {"Fn::GetAtt": ["TagRole", "Arn"]}
    assert function["ReservedConcurrentExecutions"]["Fn::If"][0] == "HasReservedConcurrency"


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Yield the path of every value that differs; a value that only one side has differs."""
    if isinstance(one, dict) and isinstance(other, dict):
        pairs = [(key, one.get(key, OMIT), other.get(key, OMIT)) for key in one.keys() | other.keys()]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(str(number), *pair) for number, pair in enumerate(zip(one, other, strict=True))]
    elif isinstance(one, list) and isinstance(other, list):
        gone = next(number for number, item in enumerate([*other, OMIT]) if item != one[number])
        assert one[:gone] + one[gone + 1 :] == other, path
        pairs = [(str(gone), one[gone], OMIT)]
    else:
        if one is OMIT or other is OMIT or one != other:
            yield path
        return
    for key, left, right in pairs:
        yield from differences(left, right, f"{path}/{key}".removeprefix("/"))
