"""The path of a Lambda event as a prefix, which belongs to the front door, and a route of the app.

A REST API has a stage (`/prod/tag`) or a custom domain's base path (`/pets/tag`) before the route; an HTTP API has a
named stage. Events differ in which of their fields include that prefix.
"""

import re
from collections.abc import Mapping
from typing import Any

# The prefix becomes part of a script in /docs, so it may only have the characters of stages and base paths.
_PREFIX = re.compile(r"(/[\w.~-]+)+", re.ASCII)
_PARAMETER = re.compile(r"\{(\w+)\+?\}")


def split_path(event: Mapping[str, Any], path: str) -> tuple[str, str]:
    """Return the prefix (it may be empty) and the route of an event whose path, decoded, is `path`."""
    context = event.get("requestContext")
    context = context if isinstance(context, Mapping) else {}
    route = _route(event, context, path)
    public_path = str(context.get("path") or path).rstrip("/")
    end = route.rstrip("/")
    prefix = public_path.removesuffix(end) if public_path.endswith(end) else ""
    return prefix if _PREFIX.fullmatch(prefix) else "", route


def _route(event: Mapping[str, Any], context: Mapping[str, Any], path: str) -> str:
    """Return the end of `path` that the front door matched with one of its own routes, or else `path` below a stage."""
    template = str(event.get("resource") or str(event.get("routeKey") or "").partition(" ")[2])
    parameters = event.get("pathParameters")
    parameters = parameters if isinstance(parameters, Mapping) else {}
    matched = _PARAMETER.sub(lambda name: str(parameters.get(name[1], name[0])), template)
    if matched and f"{path.rstrip('/')}/".endswith(f"{matched.rstrip('/')}/"):
        return matched
    stage = f"/{context.get('stage')}"
    return path.removeprefix(stage) or "/" if f"{path}/".startswith(f"{stage}/") else path
