"""What the OpenAPI document says beyond what FastAPI can see: bodies of several kinds, options, examples, errors."""

from typing import Any

from function import errors
from function.api import problems
from function.api.schemas import TagParameters, TagRequest

DESCRIPTION = """\
Tags a picture of a pet: what animal it is, and how long its fur is. CLIP, zero-shot: the labels are text, and a
request may bring its own.

Every error is an RFC 9457 problem document; its `code` is stable.
"""

_EXAMPLE_TAGS = [
    {"label": "cat", "score": 0.9712, "group": "pet"},
    {"label": "short-hair", "score": 0.7303, "group": "fur"},
    {"label": "medium-hair", "score": 0.1921, "group": "fur"},
    {"label": "long-hair", "score": 0.0488, "group": "fur"},
]
_HEADERS = {
    "X-Request-Id": {"description": "The request's id, as in the log.", "schema": {"type": "string"}},
    "X-Model": {"description": "The model that answered.", "schema": {"type": "string"}},
}
_TIMING = {
    "Server-Timing": {
        "description": "Milliseconds of decode, wait, encode, score and, for labels of your own, text.",
        "schema": {"type": "string"},
        "example": "decode;dur=3.1, wait;dur=0.1, encode;dur=31.4, score;dur=0.2",
    }
}
# Every error that POST /tag answers, with the text of a typical case.
_TAG_ERRORS: list[tuple[type[errors.TaggerError], str]] = [
    (errors.MissingImage, "The request has no image, or an empty one."),
    (errors.TooManyImages, "One image a request, please: the form has several."),
    (errors.MalformedBody, "inputs is not valid base64."),
    (errors.TooManyBytes, "The upload is too large: at most 4.5 MB are accepted."),
    (errors.TooManyPixels, "The image has 40000 x 40000 pixels; at most 50,000,000 are accepted."),
    (errors.UnsupportedMediaType, "This is not an image that can be read here."),
    (errors.UndecodableImage, "The image is broken or cut short: it could not be decoded."),
    (errors.InvalidOption, "top_k: Input should be greater than or equal to 1."),
    (errors.SourceNotSupported, "This deployment does not read from S3: send the image itself."),
    (errors.Overloaded, "Too many requests are waiting: try again in a second."),
]


def tag_responses() -> dict[int | str, dict[str, Any]]:
    """Return the responses of `POST /tag` by status, each with its examples."""
    responses: dict[int | str, dict[str, Any]] = {
        200: {
            "description": "The tags, best first; an empty list if nothing passes.",
            "headers": {**_HEADERS, **_TIMING},
            "content": {"application/json": {"example": _EXAMPLE_TAGS}},
        }
    }
    for error, detail in _TAG_ERRORS:
        status = problems.status_of(error)
        response = responses.setdefault(status, _problem_response())
        response["content"][problems.MEDIA_TYPE]["examples"][error.code] = {"value": problems.example(error, detail)}
    for response in responses.values():
        if problem := response["content"].get(problems.MEDIA_TYPE):
            response["description"] = " or ".join(f"`{code}`" for code in problem["examples"])
    return responses


def tag_request() -> dict[str, Any]:
    """Return the request of `POST /tag`: three kinds of body, options in the body or the query."""
    options = TagParameters.model_json_schema()["properties"]
    binary = {"type": "string", "format": "binary", "description": "The image file."}
    form = {
        "type": "object",
        "description": "One of file and image, and any options.",
        "properties": {"file": binary, "image": {**binary, "description": "The same as file."}, **options},
    }
    request = TagRequest.model_json_schema()
    request["properties"]["parameters"] = {
        "anyOf": [{"type": "object", "properties": options}, {"type": "null"}],
        "description": "Options.",
    }
    content = {"multipart/form-data": {"schema": form}, "application/json": {"schema": request}}
    raw = {"schema": {"type": "string", "format": "binary"}}
    content |= dict.fromkeys(("image/*", "application/octet-stream"), raw)
    parameters = [
        {"name": name, "in": "query", "required": False, "description": schema["description"], "schema": schema}
        for name, schema in options.items()
    ]
    return {"requestBody": {"required": True, "content": content}, "parameters": parameters}


def _problem_response() -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    content: dict[str, Any] = {problems.MEDIA_TYPE: {"schema": schema, "examples": {}}}
    return {"description": "", "headers": _HEADERS, "content": content}
