"""The options of one request: their names, limits and defaults, and the errors for bad ones."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from function.errors import InvalidOption

# Defaults of Hugging Face's zero-shot image classification: this template, and every label is returned.
DEFAULT_HYPOTHESIS_TEMPLATE = "This is a photo of {}."
# Scores below this are noise.
DEFAULT_MIN_SCORE = 0.01
MAX_CANDIDATE_LABELS = 100
MAX_LABEL_CHARACTERS = 200
# Maximum number of options in one request. Only a handful are known, but each unknown one is named in the error.
MAX_OPTIONS = 100
_MAX_REPORTED_ERRORS = 5

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_LABEL_CHARACTERS)]
# The limit of the sequence is checked before its items, so a million bad items give one error.
_Labels = Annotated[tuple[Text, ...], Field(min_length=1, max_length=MAX_CANDIDATE_LABELS)]


def _split_commas(value: Any) -> Any:
    """Return a comma-separated string as a list (at most one item over the limit), other values unchanged."""
    return value.split(",", MAX_CANDIDATE_LABELS) if isinstance(value, str) else value


class TagOptions(BaseModel):
    """Options of `POST /tag`, with Hugging Face's names where it has them."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="TagParameters")

    candidate_labels: Annotated[_Labels, BeforeValidator(_split_commas)] | None = Field(
        default=None,
        description="Your own labels instead of the built-in ones: a list, or one string separated by commas.",
        examples=[["a tabby cat", "a black cat"]],
    )
    hypothesis_template: str | None = Field(
        default=None,
        max_length=MAX_LABEL_CHARACTERS,
        description=f"Prompt for your own labels, with one {{}}. Default: {DEFAULT_HYPOTHESIS_TEMPLATE!r}.",
        examples=["a photo of {}."],
    )
    top_k: int | None = Field(default=None, ge=1, le=1000, description="Maximum number of tags.", examples=[3])
    min_score: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description=f"Minimum score of a tag. Default: {DEFAULT_MIN_SCORE}, or 0 for your own labels.",
        examples=[0.05],
    )
    function_to_apply: Literal["softmax"] | None = Field(
        default=None, description="Accepted because Hugging Face's clients send it. Scores are always a softmax."
    )

    @field_validator("candidate_labels")
    @classmethod
    def _no_duplicates(cls, labels: tuple[str, ...] | None) -> tuple[str, ...] | None:
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
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Return the options with these names and raw values (text, numbers or lists).

        Raises InvalidOption, which names each option that is not valid.
        """
        if len(values) > MAX_OPTIONS:
            raise InvalidOption(f"Too many options: {len(values)}; the limit is {MAX_OPTIONS}.")
        try:
            options = cls.model_validate(values)
        except ValidationError as error:
            messages = {"extra_forbidden": f"unknown option; known options: {', '.join(cls.model_fields)}"}
            raise InvalidOption(" ".join(f"{text}." for text in describe_errors(error, messages))) from error
        if options.hypothesis_template is not None and options.candidate_labels is None:
            raise InvalidOption("hypothesis_template: only allowed together with candidate_labels.")
        return options

    @property
    def effective_min_score(self) -> float:
        """The minimum score of a tag, with the default filled in."""
        if self.min_score is not None:
            return self.min_score
        return 0.0 if self.candidate_labels else DEFAULT_MIN_SCORE


def describe_errors(error: ValidationError, messages: Mapping[str, str] | None = None) -> list[str]:
    """Return the first few errors as texts `place: message`, and how many more there are; input is not echoed.

    `messages` replaces the message for some of pydantic's error types.
    """
    items = error.errors(include_url=False, include_input=False, include_context=False)
    texts = []
    for item in items[:_MAX_REPORTED_ERRORS]:
        place = ".".join(str(part) for part in item["loc"])
        texts.append(f"{place[:50]}: {(messages or {}).get(item['type'], item['msg'])}".removeprefix(": "))
    return [*texts, f"And {len(items) - len(texts)} more"] if len(items) > len(texts) else texts
