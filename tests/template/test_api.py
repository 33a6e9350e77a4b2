"""The API: authentication, throttles, logs, CORS, and image bodies that reach the function as bytes."""

import json
import re
from typing import Any

import pytest

from function.api.app import ALLOWED_HEADERS, ALLOWED_METHODS, create_app
from function.settings import Settings
from function.tagging.tagger import Tagger
from tests.template.conftest import Deploy, Resources, of_type

IMAGE_TYPES = (
    *("jpeg", "jpg", "pjpeg", "png", "x-png", "webp", "gif", "bmp", "x-ms-bmp", "tiff", "avif"),
    *("heic", "heif", "heic-sequence", "heif-sequence"),
)
OTHER_BINARY_TYPES = {"multipart/form-data", "application/octet-stream", "binary/octet-stream"}


def methods(stack: Resources) -> dict[tuple[str, str], Any]:
    """Return every method of the API's document by verb and path."""
    paths = stack["Api"]["Properties"]["Body"]["paths"]
    return {(verb, path): method for path, item in paths.items() for verb, method in item.items()}


def test_bodies_of_every_image_type_reach_the_function_as_bytes(stack: Resources) -> None:
    types = {name.replace("~1", "/") for name in stack["Api"]["Properties"]["BinaryMediaTypes"]}
    assert types == {f"image/{name}" for name in IMAGE_TYPES} | OTHER_BINARY_TYPES


def test_the_api_has_the_routes_of_the_app_and_no_others(stack: Resources, small_tagger: Tagger) -> None:
    document = create_app(small_tagger, Settings()).openapi()
    documented = {(verb, path) for path, item in document["paths"].items() for verb in item if verb != "head"}
    pages = {("get", "/"), ("get", "/docs"), ("get", "/openapi.json")}
    assert {route for route in methods(stack) if route[0] not in {"options", "head"}} == documented | pages


def test_every_get_route_answers_head(stack: Resources) -> None:
    paths = {verb: {path for each, path in methods(stack) if each == verb} for verb in ("get", "head")}
    assert paths["head"] == paths["get"]


def test_no_deployment_makes_a_second_stage(template: Any) -> None:
    """SAM adds a public stage named Stage, without throttles and logs, unless OpenApiVersion is set."""
    resources = template["Resources"]
    for name, deployment in of_type(resources, "AWS::ApiGateway::Deployment").items():
        assert "StageName" not in deployment, name
        assert "StageDescription" not in deployment, name
    assert list(of_type(resources, "AWS::ApiGateway::Stage")) == ["ApiStage"]


@pytest.mark.parametrize(("mode", "security"), [("ApiKey", [{"Key": []}]), ("Iam", [{"Signature": []}]), ("None", [])])
def test_every_method_needs_the_credentials_of_the_mode(deploy: Deploy, mode: str, security: list[Any]) -> None:
    stack = deploy(AuthMode=mode)
    for (verb, path), method in methods(stack).items():
        if verb == "options":
            assert "security" not in method, path
            assert method["x-amazon-apigateway-integration"]["type"] == "mock", (
                "a preflight must not invoke the function"
            )
        else:
            assert method["security"] == security, path
            assert method["x-amazon-apigateway-integration"]["type"] == "aws_proxy"
    definitions = stack["Api"]["Properties"]["Body"]["securityDefinitions"]
    assert definitions["Key"]["name"] == "x-api-key"
    assert definitions["Signature"]["x-amazon-apigateway-authtype"] == "awsSigv4"


def test_all_callers_share_a_throttle_and_upload_forms_have_a_lower_one(deploy: Deploy) -> None:
    stack = deploy(StageRate=7, StageBurst=9, UploadRate=1, UploadBurst=3)
    limits = {
        (each["HttpMethod"], each["ResourcePath"]): (each["ThrottlingRateLimit"], each["ThrottlingBurstLimit"])
        for each in stack["ApiStage"]["Properties"]["MethodSettings"]
    }
    assert limits == {("*", "/*"): (7, 9), ("POST", "/~1uploads"): (1, 3)}


def test_execution_logs_are_off_because_they_would_hold_images(stack: Resources) -> None:
    for settings in stack["ApiStage"]["Properties"]["MethodSettings"]:
        assert (settings["DataTraceEnabled"], settings["LoggingLevel"]) == (False, "OFF")


def test_access_logs_are_on_unless_switched_off(deploy: Deploy) -> None:
    assert "AccessLogSetting" in deploy()["ApiStage"]["Properties"]
    assert "AccessLogSetting" not in deploy(AccessLogs="false")["ApiStage"]["Properties"]


# Values as API Gateway writes them: "-" for a variable without a value, and quotes around error.messageString.
_REFUSED = {"$context.error.message": "Forbidden", "$context.error.responseType": "ACCESS_DENIED"}
_TIMED_OUT = {
    "$context.error.message": "Endpoint request timed out",
    "$context.error.responseType": "INTEGRATION_TIMEOUT",
    "$context.integration.error": "Execution failed due to a timeout error",
}


@pytest.mark.parametrize("values", [{}, _REFUSED, _TIMED_OUT], ids=["answered", "refused", "timed out"])
def test_an_access_log_line_is_json(stack: Resources, values: dict[str, str]) -> None:
    line_format = stack["ApiStage"]["Properties"]["AccessLogSetting"]["Format"]
    quoted = values | {"$context.error.messageString": f'"{values.get("$context.error.message", "-")}"'}
    line = json.loads(re.sub(r"\$context[.\w]+", lambda match: quoted.get(match[0], "-"), line_format))
    assert "requestId" in line
    assert line["error"] == values.get("$context.error.message", "-")
    assert line["errorType"] == values.get("$context.error.responseType", "-")
    assert line["integrationError"] == values.get("$context.integration.error", "-")


def test_preflights_allow_the_same_headers_and_methods_as_the_app(stack: Resources) -> None:
    method = methods(stack)["options", "/tag"]
    headers = method["x-amazon-apigateway-integration"]["responses"]["default"]["responseParameters"]
    allowed = {name.removeprefix("method.response.header."): value.strip("'") for name, value in headers.items()}
    assert allowed["Access-Control-Allow-Headers"].split(",") == ALLOWED_HEADERS
    assert allowed["Access-Control-Allow-Methods"].split(",") == ALLOWED_METHODS


def test_a_page_can_read_errors_of_api_gateway(stack: Resources) -> None:
    responses = stack["Api"]["Properties"]["Body"]["x-amazon-apigateway-gateway-responses"]
    for kind in ("DEFAULT_4XX", "DEFAULT_5XX"):
        parameters = responses[kind]["responseParameters"]
        assert parameters["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"


def test_the_api_may_invoke_only_the_alias(stack: Resources) -> None:
    for name, permission in of_type(stack, "AWS::Lambda::Permission").items():
        if permission["Principal"] == "apigateway.amazonaws.com":
            assert permission["FunctionName"] == {"Ref": "TagFunctionAliaslive"}, name
            assert "${__ApiId__}" not in permission["SourceArn"]
