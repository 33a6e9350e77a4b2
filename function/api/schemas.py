"""What goes over the wire: the options a caller may give, and the answers."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from function.errors import InvalidOption
from function.tagging.tagger import DEFAULT_HYPOTHESIS_TEMPLATE, DEFAULT_MIN_SCORE, TagOptions

MAX_CANDIDATE_LABELS = 100
MAX_LABEL_CHARACTERS = 200
# Names that a request may give; all but a handful are unknown anyway.
MAX_OPTIONS = 100

# More complaints than anybody reads; a hostile request could have a million.
_MAX_COMPLAINTS = 5

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_LABEL_CHARACTERS)]
# The limit sits on the list itself, where it is checked before the items are: a million of them is one complaint.
_Labels = Annotated[list[_Text], Field(min_length=1, max_length=MAX_CANDIDATE_LABELS)]


def _split_commas(value: Any) -> Any:
    """Return a comma-separated string as a list, of no more items than it takes to be too long; else as it is."""
    return value.split(",", MAX_CANDIDATE_LABELS) if isinstance(value, str) else value


class TagParameters(BaseModel):
    """Options of `POST /tag`, in Hugging Face's names where it has them."""

    model_config = ConfigDict(extra="forbid")

    candidate_labels: Annotated[_Labels, BeforeValidator(_split_commas)] | None = Field(
        default=None,
        description="Labels of your own instead of the service's: a list, or one string separated by commas.",
        examples=[["a tabby cat", "a black cat"]],
    )
    hypothesis_template: str | None = Field(
        default=None,
        max_length=MAX_LABEL_CHARACTERS,
        description=f"Prompt for your own labels, with one {{}}. Default: {DEFAULT_HYPOTHESIS_TEMPLATE!r}.",
        examples=["a photo of {}."],
    )
    top_k: int | None = Field(default=None, ge=1, le=1000, description="At most so many tags.", examples=[3])
    min_score: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description=f"Only tags that score at least this. Default: {DEFAULT_MIN_SCORE}, or 0 for your own labels.",
        examples=[0.05],
    )

    function_to_apply: Literal["softmax"] | None = Field(
        default=None, description="What Hugging Face's clients may send; scores are always a softmax."
    )

    @field_validator("candidate_labels")
    @classmethod
    def _no_duplicates(cls, labels: list[str] | None) -> list[str] | None:
        if labels and len(set(labels)) < len(labels):
            raise ValueError("the same label twice")
        return labels

    @field_validator("hypothesis_template")
    @classmethod
    def _one_placeholder(cls, template: str | None) -> str | None:
        if template is not None and template.count("{}") != 1:
            raise ValueError("must have one {} for the label")
        return template

    @classmethod
    def options(cls, given: dict[str, Any]) -> TagOptions:
        """Return the options that `given`, names to raw values, asks for.

        Raises InvalidOption, naming every one that does not validate.
        """
        if len(given) > MAX_OPTIONS:
            raise InvalidOption(f"There are {len(given)} options, more than there can be.")
        try:
            parameters = cls.model_validate(given)
        except ValidationError as error:
            raise InvalidOption(_describe(error)) from error
        chosen = parameters.model_dump(exclude_none=True, exclude={"function_to_apply"})
        if "hypothesis_template" in chosen and "candidate_labels" not in chosen:
            raise InvalidOption("hypothesis_template: only goes with candidate_labels.")
        if "candidate_labels" in chosen:
            chosen["candidate_labels"] = tuple(chosen["candidate_labels"])
        return TagOptions(**chosen)


def _describe(error: ValidationError) -> str:
    """Return the first complaints, one a sentence, with the name of the option and no echo of long input."""
    known = ", ".join(TagParameters.model_fields)
    replaced = {"extra_forbidden": f"unknown option; known are {known}"}
    return " ".join(f"{complaint}." for complaint in complaints(error, replaced))


def complaints(error: ValidationError, replaced: dict[str, str] | None = None) -> list[str]:
    """Return what is wrong, where and why, without an echo of long input: the first few, and how many more there are.

    `replaced` gives the text to say instead for some of pydantic's error types.
    """
    items = error.errors(include_url=False, include_input=False, include_context=False)
    said = []
    for item in items[:_MAX_COMPLAINTS]:
        place = ".".join(str(part) for part in item["loc"])
        said.append(f"{place[:50]}: {(replaced or {}).get(item['type'], item['msg'])}".removeprefix(": "))
    return [*said, f"And {len(items) - len(said)} more"] if len(items) > len(said) else said


class TagRequest(BaseModel):
    """A picture with options as JSON, in the shape of Hugging Face's zero-shot image classification."""

    SHAPE: ClassVar = '{"inputs": "<base64>", "parameters": {}}'
    model_config = ConfigDict(extra="forbid")

    inputs: str = Field(
        description="The image file, base64 (a data: URL will do), or s3:// of a picture in the upload bucket.",
        examples=["iVBORw0KGgoAAAANSUhEUg=="],
    )
    parameters: dict[str, Any] | None = Field(default=None, description="Options: see TagParameters.")


class UploadTarget(BaseModel):
    """Where one picture may be uploaded, as a form."""

    url: str = Field(description="Post the form here, as multipart/form-data.")
    fields: dict[str, str] = Field(
        description="Fields of the form; after them come `Content-Type`, an image type, and `file`, the picture."
    )
    inputs: str = Field(description="What `POST /tag` takes as `inputs` once the picture is there.")
    max_bytes: int = Field(description="A larger file is refused.")
    expires_in_s: int = Field(description="For so many seconds the form is taken.")


class EmbedRequest(BaseModel):
    """What to embed, as JSON: one of the three."""

    SHAPE: ClassVar = '{"inputs": "<base64>"}, {"text": "..."} or {"texts": ["..."]}'
    model_config = ConfigDict(extra="forbid")

    inputs: str | None = Field(
        default=None,
        description="An image file, base64 (a data: URL will do), or s3:// of a picture in the upload bucket.",
        examples=["iVBORw0KGgoAAAANSUhEUg=="],
    )
    text: _Text | None = Field(default=None, description="A text.", examples=["a photo of a cat"])
    texts: list[_Text] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_CANDIDATE_LABELS,
        description="Several texts.",
        examples=[["a photo of a cat", "a photo of a dog"]],
    )

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("give one of inputs, text and texts")
        return self


class EmbeddingResult(BaseModel):
    """The embedding of one picture or text."""

    embedding: list[float] = Field(description="A vector of unit length.")
    dim: int = Field(description="Its length in numbers.")
    model: str = Field(description="The model that made it: embeddings of different models do not compare.")


class EmbeddingsResult(BaseModel):
    """The embeddings of several texts."""

    embeddings: list[list[float]] = Field(description="Vectors of unit length, in the order of the texts.")
    dim: int = Field(description="The length of each in numbers.")
    model: str = Field(description="The model that made them: embeddings of different models do not compare.")


class TagResult(BaseModel):
    """One tag."""

    label: str = Field(description="The label.")
    score: float = Field(ge=0, le=1, description="Its probability within its group.")
    group: str = Field(description="The group it belongs to: pet, fur, or custom for your own labels.")


class LabelGroup(BaseModel):
    """One group of labels that exclude each other."""

    name: str
    labels: list[str] = Field(description="What can be returned.")
    background: list[str] = Field(description="What competes with the labels and is never returned.")
    templates: list[str] = Field(description="The prompts; {} stands for a label's words.")
    parent: str | None = Field(description="The group this one depends on.")
    parent_labels: list[str] = Field(description="The labels of the parent it applies to.")


class Labels(BaseModel):
    """What this service tags."""

    digest: str = Field(description="SHA-256 of the labels: equal digests mean equal labels and prompts.")
    groups: list[LabelGroup]


class Health(BaseModel):
    """The service is up, with this model."""

    status: str = Field(default="ok", description="Always ok: a service that cannot tag does not start.")
    model: str = Field(description="Hub id or folder of the checkpoint.")
    revision: str = Field(description="Its commit on the hub; empty for a folder.")
    labels_digest: str
    version: str = Field(description="Version of the service.")
