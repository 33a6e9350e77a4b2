"""Who may call the API, how much, what of it is logged, and that pictures get through it."""

from typing import Any

import pytest

from function.api import cors
from function.api.app import create_app
from function.settings import Settings
from function.tagging.tagger import Tagger
from tests.template.conftest import Deploy, Resources, of_type

# The issue with naming them all by a wildcard: preflight requests are answered with 500.
PICTURES = {f"image/{name}" for name in ("jpeg", "png", "webp", "gif", "bmp", "tiff", "avif", "heic", "heif")}


def methods(stack: Resources) -> dict[tuple[str, str], Any]:
    """Return every method of the API's document, by verb and path."""
    paths = stack["Api"]["Properties"]["Body"]["paths"]
    return {(verb, path): method for path, item in paths.items() for verb, method in item.items()}


def test_bodies_that_are_bytes(stack: Resources) -> None:
    types = stack["Api"]["Properties"]["BinaryMediaTypes"]
    assert {name.replace("~1", "/") for name in types} == PICTURES | {"multipart/form-data", "application/octet-stream"}


def test_every_route_of_the_app_is_there_and_no_other(stack: Resources, small_tagger: Tagger) -> None:
    document = create_app(small_tagger, Settings()).openapi()
    documented = {(verb, path) for path, item in document["paths"].items() for verb in item}
    pages = {("get", "/"), ("get", "/docs"), ("get", "/openapi.json")}
    assert {route for route in methods(stack) if route[0] != "options"} == documented | pages


@pytest.mark.parametrize(("mode", "security"), [("ApiKey", [{"Key": []}]), ("Iam", [{"Signature": []}]), ("None", [])])
def test_every_method_asks_for_what_the_mode_says(deploy: Deploy, mode: str, security: list[Any]) -> None:
    stack = deploy(AuthMode=mode)
    for (verb, path), method in methods(stack).items():
        if verb == "options":
            assert "security" not in method, path
            assert method["x-amazon-apigateway-integration"]["type"] == "mock", "a preflight must cost no invocation"
        else:
            assert method["security"] == security, path
            assert method["x-amazon-apigateway-integration"]["type"] == "aws_proxy"
    definitions = stack["Api"]["Properties"]["Body"]["securityDefinitions"]
    assert definitions["Key"]["name"] == "x-api-key"
    assert definitions["Signature"]["x-amazon-apigateway-authtype"] == "awsSigv4"


def test_a_key_and_its_plan(stack: Resources) -> None:
    plan = stack["UsagePlan"]["Properties"]
    assert plan["ApiStages"] == [{"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "ApiStage"}}]
    assert plan["Throttle"] == {"RateLimit": 10, "BurstLimit": 20}
    assert plan["Quota"] == {"Limit": 100000, "Period": "MONTH"}
    key = stack["UsagePlanKey"]["Properties"]
    assert key == {"KeyId": {"Ref": "ApiKey"}, "KeyType": "API_KEY", "UsagePlanId": {"Ref": "UsagePlan"}}
    assert stack["ApiKey"]["Properties"]["Enabled"] is True


@pytest.mark.parametrize("mode", ["Iam", "None"])
def test_no_key_where_none_is_asked_for(deploy: Deploy, mode: str) -> None:
    assert {"ApiKey", "UsagePlan", "UsagePlanKey"} & set(deploy(AuthMode=mode)) == set()


def test_the_stage_is_throttled_whoever_calls(deploy: Deploy) -> None:
    (settings,) = deploy(StageRate=7, StageBurst=9)["ApiStage"]["Properties"]["MethodSettings"]
    assert (settings["HttpMethod"], settings["ResourcePath"]) == ("*", "/*")
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (7, 9)
    assert settings["DataTraceEnabled"] is False, "it would log the pictures"


def test_access_logs(deploy: Deploy) -> None:
    logged, unlogged = deploy(), deploy(AccessLogs="false")
    setting = logged["ApiStage"]["Properties"]["AccessLogSetting"]
    assert setting["DestinationArn"] == {"Fn::GetAtt": ["AccessLog", "Arn"]}
    assert "$context.requestId" in setting["Format"]
    assert "AccessLogSetting" not in unlogged["ApiStage"]["Properties"]
    assert "AccessLog" not in unlogged
    assert unlogged["ApiStage"]["Properties"]["MethodSettings"][0]["LoggingLevel"] == "OFF"


def test_traces(stack: Resources) -> None:
    assert stack["ApiStage"]["Properties"]["TracingEnabled"] is True


def test_preflights_allow_what_the_app_allows(stack: Resources) -> None:
    method = methods(stack)["options", "/tag"]
    headers = method["x-amazon-apigateway-integration"]["responses"]["default"]["responseParameters"]
    allowed = {name.removeprefix("method.response.header."): value.strip("'") for name, value in headers.items()}
    assert allowed["Access-Control-Allow-Headers"].split(",") == cors.ALLOWED_HEADERS
    assert allowed["Access-Control-Allow-Methods"].split(",") == cors.ALLOWED_METHODS


def test_origins_are_passed_to_the_function(deploy: Deploy) -> None:
    stack = deploy(CorsOrigins="https://a.example,https://b.example")
    variables = stack["TagFunction"]["Properties"]["Environment"]["Variables"]
    assert variables["CORS_ORIGINS"] == "https://a.example,https://b.example"


def test_a_page_can_read_what_api_gateway_itself_refuses(stack: Resources) -> None:
    responses = stack["Api"]["Properties"]["Body"]["x-amazon-apigateway-gateway-responses"]
    for kind in ("DEFAULT_4XX", "DEFAULT_5XX"):
        parameters = responses[kind]["responseParameters"]
        assert parameters["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"


def test_a_firewall_if_one_is_named(deploy: Deploy) -> None:
    arn = "arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/pets/1"
    association = deploy(WebAclArn=arn)["WebAclAssociation"]["Properties"]
    assert association["WebACLArn"] == arn
    assert association["ResourceArn"] == "arn:aws:apigateway:eu-central-1::/restapis/${Api}/stages/${ApiStage}"
    assert "WebAclAssociation" not in deploy()


def test_the_api_may_call_the_alias_alone(stack: Resources) -> None:
    for name, permission in of_type(stack, "AWS::Lambda::Permission").items():
        if permission["Principal"] == "apigateway.amazonaws.com":
            assert permission["FunctionName"] == {"Ref": "TagFunctionAliaslive"}, name
            assert "${__ApiId__}" not in permission["SourceArn"]
