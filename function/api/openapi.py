"""Parts of the OpenAPI document that FastAPI cannot derive: request bodies, options, examples and errors."""

from typing import Any

from function import errors
from function.api import problems
from function.api.schemas import EmbedRequest, TagRequest
from function.tagging.options import TagOptions

DESCRIPTION = """\
Tags an image of a pet: which animal it is, and how long its fur is. The model is CLIP, zero-shot: labels are text, and
a request may have labels of its own.

Every error is an RFC 9457 problem document. Its `code` does not change.
"""

_EXAMPLE_TAGS = [
    {"label": "cat", "score": 0.9712, "group": "pet"},
    {"label": "short-hair", "score": 0.7303, "group": "fur", "of": "cat"},
    {"label": "medium-hair", "score": 0.1921, "group": "fur", "of": "cat"},
    {"label": "long-hair", "score": 0.0488, "group": "fur", "of": "cat"},
]
_HEADERS = {
    "X-Request-Id": {"description": "The id of the request, as in the log.", "schema": {"type": "string"}},
    "X-Model": {"description": "The model that made the answer.", "schema": {"type": "string"}},
}
_EXAMPLE_REQUEST_ID = "6f1f0c1e2d6a4f0f9f0a"
_EXAMPLE_EMBEDDING = {"embedding": [0.0123, -0.0456, 0.0789], "dim": 512, "model": "openai/clip-vit-base-patch32"}
_EXAMPLE_EMBEDDINGS = {
    "embeddings": [[0.0123, -0.0456, 0.0789], [0.0321, -0.0654, 0.0987]],
    "dim": 512,
    "model": "openai/clip-vit-base-patch32",
}
_EXAMPLE_INPUTS = {
    "image": {"summary": "An image", "value": {"inputs": "iVBORw0KGgoAAAANSUhEUg=="}},
    "text": {"summary": "A text", "value": {"text": "a photo of a cat"}},
    "texts": {"summary": "Several texts", "value": {"texts": ["a photo of a cat", "a photo of a dog"]}},
}
# Every error of POST /tag and POST /embed, with a typical text.
_ERRORS: list[tuple[type[errors.TaggerError], str]] = [
    (errors.MissingImage, "The request has no image, or an empty one."),
    (errors.TooManyImages, "The form has several images. Send one image per request."),
    (errors.MalformedBody, "The image is not valid base64."),
    (errors.TooManyBytes, "The upload is too large. The limit is 4.5 MB."),
    (errors.TooSlow, "The upload took longer than 60 seconds."),
    (errors.TooManyPixels, "The image has 40000 x 40000 pixels; the limit is 51,000,000."),
    (errors.UnsupportedMediaType, "This file is not a readable image."),
    (errors.UndecodableImage, "The JPEG is broken or cut short: it could not be decoded."),
    (errors.InvalidOption, "top_k: Input should be greater than or equal to 1."),
    (errors.SourceForbidden, "`inputs` must name an upload of this deployment: see POST /uploads."),
    (errors.ObjectNotFound, "s3://bucket/cat.jpg does not exist, or this version was deleted."),
    (errors.ObjectArchived, "s3://bucket/cat.jpg is archived: restore it before you read it."),
    (errors.StorageUnavailable, "S3 failed for s3://bucket/cat.jpg: SlowDown. Try again."),
    (errors.SourceNotSupported, "This deployment does not read from S3. Send the image in the request."),
    (errors.Overloaded, "Too many requests are waiting. Try again in a second."),
]


def tag_responses() -> dict[int | str, dict[str, Any]]:
    """Return the responses of `POST /tag` by status, each with its examples."""
    timing = "Milliseconds of each phase: decode, wait, encode, score. Your own labels add text, and load on first use."
    example = "decode;dur=3.1, wait;dur=0.1, encode;dur=31.4, score;dur=0.2"
    return {
        200: {
            "description": "The tags, best first. The list is empty if no score reaches `min_score`.",
            "headers": {**_HEADERS, **_timing(timing, example)},
            "content": {"application/json": {"example": _EXAMPLE_TAGS}},
        },
        **_error_responses(_ERRORS),
    }


def embed_responses() -> dict[int | str, dict[str, Any]]:
    """Return the responses of `POST /embed` by status, each with its examples."""
    timing = "Milliseconds of each phase: decode, wait, encode for an image; text for texts, and load on first use."
    examples = {
        "image": {"summary": "An image or a text", "value": _EXAMPLE_EMBEDDING},
        "texts": {"summary": "Several texts", "value": _EXAMPLE_EMBEDDINGS},
    }
    return {
        200: {
            "description": "The embedding, or the embeddings of `texts` in their order. The examples are shortened.",
            "headers": {**_HEADERS, **_timing(timing, "decode;dur=3.1, wait;dur=0.1, encode;dur=31.4")},
            "content": {"application/json": {"examples": examples}},
        },
        **_error_responses(_ERRORS),
    }


def upload_responses() -> dict[int | str, dict[str, Any]]:
    """Return the responses of `POST /uploads` by status, each with its examples."""
    return {
        201: {"description": "The form to upload with, and the `inputs` to tag the image with.", "headers": _HEADERS},
        **_error_responses(
            [
                (errors.SourceNotSupported, "This deployment has no upload bucket. Send the image in the request."),
                (errors.StorageUnavailable, "S3 failed for s3://bucket/uploads/1: NoCredentialsError. Try again."),
            ]
        ),
    }


def schemas() -> dict[str, Any]:
    """Return the schemas that requests and errors refer to, by name."""
    request = TagRequest.model_json_schema()
    options = {"anyOf": [_ref("TagParameters"), {"type": "null"}], "description": "Options."}
    request["properties"]["parameters"] = options
    return {
        "TagRequest": request,
        "TagParameters": TagOptions.model_json_schema(),
        "EmbedRequest": EmbedRequest.model_json_schema(),
        "Problem": problems.Problem.model_json_schema(),
    }


def tag_request() -> dict[str, Any]:
    """Return the request of `POST /tag`: three kinds of body, and options in the body or in the query."""
    options = TagOptions.model_json_schema()["properties"]
    parameters = [
        {"name": name, "in": "query", "required": False, "description": schema["description"], "schema": schema}
        for name, schema in options.items()
    ]
    body = _bodies("Either `file` or `image`, and any options.", options, {"schema": _ref("TagRequest")})
    return {"requestBody": body, "parameters": parameters}


def embed_request() -> dict[str, Any]:
    """Return the request of `POST /embed`: an image in one of three kinds of body, or texts as JSON."""
    json = {"schema": _ref("EmbedRequest"), "examples": _EXAMPLE_INPUTS}
    return {"requestBody": _bodies("Either `file` or `image`.", {}, json)}


def _bodies(form: str, options: dict[str, Any], json: dict[str, Any]) -> dict[str, Any]:
    """Return the three kinds of body: a form with the description `form`, JSON, and the image itself."""
    binary = {"type": "string", "format": "binary"}
    file, image = ({**binary, "description": text} for text in ("The image file.", "The same as `file`."))
    fields = {"file": file, "image": image, **options}
    content = {
        "multipart/form-data": {"schema": {"type": "object", "description": form, "properties": fields}},
        "application/json": json,
        "image/*": {"schema": binary},
        "application/octet-stream": {"schema": binary},
    }
    return {"required": True, "content": content}


def _timing(description: str, example: str) -> dict[str, Any]:
    return {"Server-Timing": {"description": description, "schema": {"type": "string"}, "example": example}}


def _error_responses(described: list[tuple[type[errors.TaggerError], str]]) -> dict[int | str, dict[str, Any]]:
    responses: dict[int | str, dict[str, Any]] = {}
    for error, detail in described:
        status = problems.status_of(error)
        content: dict[str, Any] = {problems.MEDIA_TYPE: {"schema": _ref("Problem"), "examples": {}}}
        response = responses.setdefault(status, {"description": "", "headers": _HEADERS, "content": content})
        examples = response["content"][problems.MEDIA_TYPE]["examples"]
        examples[error.code] = {"value": problems.problem(_EXAMPLE_REQUEST_ID, status, error.code, detail)}
        response["description"] = " or ".join(f"`{code}`" for code in examples)
    return responses


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
