"""Evaluates parameters, conditions and rules of a CloudFormation template.

References to resources stay unevaluated, because only CloudFormation knows their values.
"""

import re
from typing import Any

PSEUDO_PARAMETERS = {
    "AWS::Region": "eu-central-1",
    "AWS::Partition": "aws",
    "AWS::AccountId": "123456789012",
    "AWS::URLSuffix": "amazonaws.com",
}
_NO_VALUE = object()


def resolved(template: dict[str, Any], parameters: dict[str, Any], stack_name: str = "pets") -> dict[str, Any]:
    """Return the resources of a deployment with `parameters`, without those whose condition is false."""
    resolver = _resolver(template, parameters, stack_name)
    return {
        name: resolver.resolve({key: value for key, value in item.items() if key != "Condition"})
        for name, item in template["Resources"].items()
        if "Condition" not in item or resolver.holds(item["Condition"])
    }


def failed_assertions(template: dict[str, Any], parameters: dict[str, Any]) -> list[str]:
    """Return the description of every rule assertion that does not hold for `parameters`."""
    resolver = _resolver(template, parameters)
    return [
        assertion["AssertDescription"]
        for rule in template["Rules"].values()
        if resolver.resolve(rule.get("RuleCondition", True))
        for assertion in rule["Assertions"]
        if not resolver.resolve(assertion["Assert"])
    ]


def _resolver(template: dict[str, Any], parameters: dict[str, Any], stack_name: str = "pets") -> "_Resolver":
    unknown = set(parameters) - set(template["Parameters"])
    assert not unknown, f"no such parameters: {unknown}"
    defaults = {name: parameter.get("Default") for name, parameter in template["Parameters"].items()}
    return _Resolver(
        template.get("Conditions", {}), PSEUDO_PARAMETERS | {"AWS::StackName": stack_name} | defaults | parameters
    )


class _Resolver:
    def __init__(self, conditions: dict[str, Any], values: dict[str, Any]) -> None:
        self._conditions, self._values = conditions, values

    def holds(self, condition: str) -> bool:
        return bool(self.resolve(self._conditions[condition]))

    def resolve(self, node: Any) -> Any:
        if isinstance(node, list):
            return [value for item in node if (value := self.resolve(item)) is not _NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            if (function := getattr(self, "_" + name.replace("::", "_").lower(), None)) is not None:
                return function(argument)
        return {key: value for key, item in node.items() if (value := self.resolve(item)) is not _NO_VALUE}

    def _ref(self, name: str) -> Any:
        return _NO_VALUE if name == "AWS::NoValue" else self._values.get(name, {"Ref": name})

    def _condition(self, name: str) -> Any:
        return self.holds(name) if name in self._conditions else {"Condition": name}

    def _fn_if(self, argument: list[Any]) -> Any:
        condition, yes, no = argument
        return self.resolve(yes if self.holds(condition) else no)

    def _fn_equals(self, argument: list[Any]) -> bool:
        one, other = map(self.resolve, argument)
        return str(one) == str(other)

    def _fn_not(self, argument: list[Any]) -> bool:
        return not self.resolve(argument[0])

    def _fn_and(self, argument: list[Any]) -> bool:
        return all(map(self.resolve, argument))

    def _fn_or(self, argument: list[Any]) -> bool:
        return any(map(self.resolve, argument))

    def _fn_sub(self, argument: Any) -> str:
        text, own = argument if isinstance(argument, list) else (argument, {})
        values = self._values | {name: self.resolve(value) for name, value in own.items()}
        return re.sub(r"\$\{([^!}]+)\}", lambda match: str(values.get(match[1], match[0])), text)

    def _fn_select(self, argument: list[Any]) -> Any:
        return self.resolve(argument[1])[int(argument[0])]

    def _fn_split(self, argument: list[Any]) -> list[str]:
        return str(self.resolve(argument[1])).split(argument[0])
