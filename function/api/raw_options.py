"""Options as clients send them in a query string, a form or JSON, before `TagOptions` checks them."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

# Parameters that browsers, frameworks, analytics and advertising add to requests. jQuery adds `_`.
_IGNORED = re.compile(
    r"_.*|utm_.*|fbclid|gclid|gclsrc|gbraid|wbraid|dclid|msclkid|yclid|ttclid|twclid|igshid|igsh|li_fat_id|mc_[ce]id"
    r"|mkt_tok|srsltid|epik|rdt_cid|sccid|hsctatracking",
    re.IGNORECASE | re.DOTALL,
)
# PHP, jQuery, axios and qs send the items of a list as `name[]` or `name[0]`.
_INDEX = re.compile(r"\[\d{0,4}\]$")


def grouped(items: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return names with their values: one text, or a list where a name is repeated."""
    options: dict[str, Any] = {}
    for name, value in items:
        options.setdefault(without_index(name), []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in options.items()}


def without_index(name: str) -> str:
    """Return the name of a field without `[]` or `[0]` at its end."""
    return _INDEX.sub("", name)


def without_ignored(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options without tracking parameters and names that begin with an underscore."""
    return {name: value for name, value in options.items() if not _IGNORED.fullmatch(name)}
