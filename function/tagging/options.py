"""The options of one request: their names, limits and defaults, and the errors for bad ones."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, field_validator
from pydantic_core import PydanticCustomError, from_json

from function.errors import InvalidOption

# Defaults of Hugging Face's zero-shot image classification: this template, and every label is returned.
DEFAULT_HYPOTHESIS_TEMPLATE = "This is a photo of {}."
# A picture of a person alone gives many pets a small score. `python -m tools.evaluate` compares values.
DEFAULT_MIN_SCORE = 0.05
MAX_CANDIDATE_LABELS = 100
MAX_LABEL_CHARACTERS = 200
# Maximum number of options in one request. Only a handful are known, but each unknown one is named in the error.
MAX_OPTIONS = 100
_MAX_REPORTED_ERRORS = 5

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_LABEL_CHARACTERS)]


def _label_list(value: Any) -> Any:
    """Return labels as a list without repetitions; a string is a JSON list or is separated by commas.

    Pydantic checks the items of a tuple before its length, so the limit is checked here: a million items would take
    seconds.
    """
    labels = _split(value) if isinstance(value, str) else value
    if not isinstance(labels, list | tuple):
        raise PydanticCustomError("not_a_list", "must be a list, or a string separated by commas")
    if not labels:
        raise PydanticCustomError("too_short", "at least one label is required")
    if len(labels) > MAX_CANDIDATE_LABELS:
        raise PydanticCustomError("too_long", f"at most {MAX_CANDIDATE_LABELS} labels are allowed")
    if not all(isinstance(label, str) for label in labels):
        return labels
    return list(dict.fromkeys(label.strip() for label in labels))


def _split(text: str) -> list[Any]:
    """Return the labels in a string: at most one more than the limit if they are separated by commas."""
    if text.strip().startswith("[") and text.strip().endswith("]"):
        try:
            labels: list[Any] = from_json(text)
            return labels
        except ValueError as error:
            raise PydanticCustomError("not_json", "looks like a JSON list, but is not valid JSON") from error
    labels = text.split(",", MAX_CANDIDATE_LABELS)
    while labels and not labels[-1].strip():  # trailing commas
        labels.pop()
    return labels


_Labels = Annotated[
    tuple[Text, ...], Field(min_length=1, max_length=MAX_CANDIDATE_LABELS), BeforeValidator(_label_list)
]


class TagOptions(BaseModel):
    """Options of `POST /tag`, with Hugging Face's names where it has them."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="TagParameters")

    candidate_labels: _Labels | None = Field(
        default=None,
        description="Your own labels instead of the built-in ones: a list, or a string separated by commas.",
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
        allow_inf_nan=False,
        description=f"Minimum score of a tag, from 0 to 1. Default: {DEFAULT_MIN_SCORE}, or 0 for your own labels. "
        "For logits it may be any number, and there is no default.",
        examples=[0.05],
    )
    background: bool = Field(
        default=True,
        description="Whether other things compete with the built-in labels. `false` is for callers who know that every "
        "image shows one of the labels.",
    )
    background_labels: _Labels | None = Field(
        default=None,
        description="Labels that compete with your own labels and are never returned, so that an image may get a low "
        f"score for all of yours. At most {MAX_CANDIDATE_LABELS} labels together with your own.",
        examples=[["something else", "an empty basket"]],
    )
    function_to_apply: Literal["softmax", "none"] | None = Field(
        default=None,
        description="`softmax` (default): scores are probabilities. `none`: scores are logits, 100 x cosine similarity "
        "with OpenAI's models. Logits of different groups do not compare, so the answer has one group after the other.",
    )

    @field_validator("hypothesis_template")
    @classmethod
    def _one_placeholder(cls, template: str | None) -> str | None:
        if template is not None and template.count("{}") != 1:
            raise PydanticCustomError("no_placeholder", "must have one {} for the label")
        return template

    @classmethod
    def parse(cls, values: Mapping[str, Any], names: Mapping[str, str] | None = None) -> Self:
        """Return the options with these names and raw values (text, numbers or lists).

        Raises InvalidOption, which names each option that is not valid, by its name in `names` if it has one there.
        """
        if len(values) > MAX_OPTIONS:
            raise InvalidOption(f"Too many options: {len(values)}; the limit is {MAX_OPTIONS}.")
        try:
            options = cls.model_validate(values)
        except ValidationError as error:
            messages = {"extra_forbidden": f"unknown option; known options: {', '.join(cls.model_fields)}"}
            raise InvalidOption(" ".join(f"{text}." for text in describe_errors(error, messages, names))) from error
        if conflict := options._conflict(names or {}):
            raise InvalidOption(f"{conflict}.")
        return options

    def _conflict(self, names: Mapping[str, str]) -> str | None:
        """Return why the options do not fit together, None if they do. Options have the names that are in `names`."""
        named = {name: names.get(name, name) for name in type(self).model_fields}
        own, background = self.candidate_labels or (), self.background_labels or ()
        for name in ("hypothesis_template", "background_labels"):
            if getattr(self, name) is not None and not own:
                return f"{named[name]}: only allowed together with {named['candidate_labels']}"
        if background and not self.background:
            return f"{named['background_labels']}: not allowed if {named['background']} is false"
        if len({*own, *background}) > MAX_CANDIDATE_LABELS:
            return f"{named['background_labels']}: at most {MAX_CANDIDATE_LABELS} labels are allowed in total"
        if self.min_score is not None and not self.as_logits and not 0 <= self.min_score <= 1:
            return f"{named['min_score']}: must be from 0 to 1, because scores are probabilities"
        return None

    @property
    def as_logits(self) -> bool:
        """Whether scores are logits."""
        return self.function_to_apply == "none"

    @property
    def competing_labels(self) -> tuple[str, ...]:
        """The candidate labels, then the background labels that are not among them."""
        return tuple(dict.fromkeys((*(self.candidate_labels or ()), *(self.background_labels or ()))))

    @property
    def prompts(self) -> list[str]:
        """The prompt of each of the `competing_labels`. Other braces than `{}` stay in the template."""
        template = self.hypothesis_template or DEFAULT_HYPOTHESIS_TEMPLATE
        return [template.replace("{}", label) for label in self.competing_labels]

    @property
    def effective_min_score(self) -> float:
        """The minimum score of a tag, with the default filled in."""
        if self.min_score is not None:
            return self.min_score
        if self.as_logits:
            return -math.inf
        return 0.0 if self.candidate_labels else DEFAULT_MIN_SCORE


def describe_errors(
    error: ValidationError, messages: Mapping[str, str] | None = None, names: Mapping[str, str] | None = None
) -> list[str]:
    """Return the first few errors as texts `place: message`, and how many more there are; input is not echoed.

    `messages` replaces the message for some of pydantic's error types, `names` the names of some fields.
    """
    items = error.errors(include_url=False, include_input=False, include_context=False)
    texts = []
    for item in items[:_MAX_REPORTED_ERRORS]:
        place = ".".join((names or {}).get(str(part), str(part)) for part in item["loc"])
        texts.append(f"{place[:50]}: {(messages or {}).get(item['type'], item['msg'])}".removeprefix(": "))
    return [*texts, f"And {len(items) - len(texts)} more"] if len(items) > len(texts) else texts
