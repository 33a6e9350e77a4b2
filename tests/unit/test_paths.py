"""The path of an event is split into the front door's prefix and the app's route."""

from typing import Any

import pytest

from function.api.paths import split_path


def rest(resource: str, path: str, public_path: Any, **more: Any) -> dict[str, Any]:
    return {"resource": resource, "path": path, "requestContext": {"path": public_path, "stage": "prod"}, **more}


def http(route_key: str, path: str, stage: str, **more: Any) -> dict[str, Any]:
    return {"routeKey": route_key, "requestContext": {"http": {"path": path}, "stage": stage}, **more, "path": path}


@pytest.mark.parametrize(
    ("event", "prefix", "route"),
    [
        (rest("/tag", "/tag", "/prod/tag"), "/prod", "/tag"),
        (rest("/", "/", "/prod"), "/prod", "/"),
        (rest("/", "/", "/prod/"), "/prod", "/"),
        (rest("/tag", "/tag/", "/prod/tag/"), "/prod", "/tag"),
        (rest("/tag", "/pets/tag", "/pets/tag"), "/pets", "/tag"),
        (rest("/", "/pets", "/pets"), "/pets", "/"),
        (rest("/", "/pets/", "/pets/"), "/pets", "/"),
        (rest("/tag", "/pets/v1/tag", "/pets/v1/tag"), "/pets/v1", "/tag"),
        (rest("/tag", "/tag/tag", "/tag/tag"), "/tag", "/tag"),
        (rest("/{proxy+}", "/pets/tag", "/pets/tag", pathParameters={"proxy": "tag"}), "/pets", "/tag"),
        (rest("/{proxy+}", "/pets/a/b", "/pets/a/b", pathParameters={"proxy": "a/b"}), "/pets", "/a/b"),
        (rest("/{proxy+}", "/tag", "/prod/tag", pathParameters=None), "/prod", "/tag"),
        (rest("/nowhere", "/nowhere", "/prod/nowhere"), "/prod", "/nowhere"),
        (http("GET /health", "/dev/health", "dev"), "/dev", "/health"),
        (http("$default", "/dev/health", "dev"), "/dev", "/health"),
        (http("$default", "/dev", "dev"), "/dev", "/"),
        (http("$default", "/develop", "dev"), "", "/develop"),
        (http("$default", "/health", "$default"), "", "/health"),
        (http("GET /health", "/pets/health", "$default"), "/pets", "/health"),
        (http("ANY /{proxy+}", "/pets/health", "dev", pathParameters={"proxy": "health"}), "/pets", "/health"),
        ({"requestContext": {"elb": {}}, "path": "/health"}, "", "/health"),
        (rest("/tag", "/tag", '/"><script>/tag'), "", "/tag"),
        (rest("/tag", "/tag", ["/prod/tag"]), "", "/tag"),
        ({"resource": 5, "pathParameters": "x", "requestContext": "x", "path": "/tag"}, "", "/tag"),
    ],
)
def test_split_path(event: dict[str, Any], prefix: str, route: str) -> None:
    assert split_path(event, event["path"]) == (prefix, route)
