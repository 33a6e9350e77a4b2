"""Groups of labels, read from `labels.toml` and checked. Errors name the line."""

import hashlib
import json
import re
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn, Self

from function.errors import LabelsError

LABELS_TOML = Path(__file__).parent.parent / "labels.toml"
_LISTS = ("templates", "background", "context", "parent_labels")
_KEYS = ("templates", "labels", "background", "context", "parent", "parent_labels")
_MAX_CHARACTERS = 200
_ARTICLES = ("a ", "an ", "the ")


@dataclass(frozen=True)
class Group:
    """Labels that exclude each other.

    `labels` maps the name of each label to its words in a prompt. `background` and `context` have words that compete
    with the labels and are never returned: `background` is pictured instead of a label, `context` beside one. A group
    with a `parent` applies only to the parent's labels in `parent_labels`, and `{parent}` in its words is replaced by
    the words of such a label.
    """

    name: str
    templates: tuple[str, ...]
    labels: dict[str, str]
    background: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    parent: str | None = None
    parent_labels: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The words of each embedding of the group: labels, background, contexts, and each label with each context."""
        composites = (composite(words, context) for words in self.labels.values() for context in self.context)
        return (*self.labels.values(), *self.background, *self.context, *composites)


@dataclass(frozen=True)
class LabelSet:
    """All groups of one `labels.toml`. A parent comes before the groups that depend on it."""

    groups: tuple[Group, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the groups. Comments and layout of the file do not change it."""
        canonical = json.dumps([asdict(group) for group in self.groups], ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def size(self) -> int:
        """The number of embeddings in the bank of these labels, including the words that are never returned."""
        return sum(len(group.words) * max(1, len(group.parent_labels)) for group in self.groups)

    @classmethod
    def read(cls, path: Path = LABELS_TOML) -> Self:
        """Read a `labels.toml`. Raises LabelsError, which names the file and the line, if the file is not valid."""
        try:
            text = path.read_text(encoding="utf-8")
            parsed = tomllib.loads(text)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise LabelsError(f"{path}: {error}") from error
        return cls(_Checker(path, text).groups(parsed))


def composite(words: str, context: str) -> str:
    """Return the words of a label beside a context: "cat" and "person" give "cat with a person".

    The article is "an" before a vowel. Words that begin with an article get no other.
    """
    if context.startswith(_ARTICLES):
        return f"{words} with {context}"
    return f"{words} with {'an' if context[0] in 'aeiouAEIOU' else 'a'} {context}"


class _Checker:
    """Converts parsed TOML to groups. It also has the text, because tomllib does not report the lines of values."""

    def __init__(self, path: Path, text: str) -> None:
        self._path, self._lines = path, text.splitlines()
        self._groups: dict[str, Group] = {}

    def groups(self, parsed: dict[str, Any]) -> tuple[Group, ...]:
        """Check and return every group."""
        tables = parsed.get("groups")
        if parsed.keys() - {"groups"} or not isinstance(tables, dict) or not tables:
            raise LabelsError(f"{self._path}: expected [groups.NAME] tables and nothing else")
        for name, table in tables.items():
            self._groups[name] = self._group(name, table)
        return tuple(self._groups.values())

    def _group(self, name: str, table: Any) -> Group:
        if not isinstance(table, dict):
            self._fail("a group must be a table", name)
        for key in table.keys() - set(_KEYS):
            self._fail(f"unknown key {key!r}; known keys: {', '.join(_KEYS)}", name, key)
        labels = table.get("labels", {})
        if not isinstance(labels, dict) or not labels:
            self._fail(f"group {name!r} has no labels", name, "labels")
        lists = {key: self._strings(name, table, key) for key in _LISTS}
        group = Group(name=name, labels=labels, parent=table.get("parent"), **lists)
        self._check_templates(group)
        self._check_parent(group)
        self._check_words(group)
        return group

    def _strings(self, name: str, table: dict[str, Any], key: str) -> tuple[str, ...]:
        values = table.get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            self._fail(f"{key} must be a list of strings", name, key)
        return tuple(values)

    def _check_templates(self, group: Group) -> None:
        if not group.templates:
            self._fail(f"group {group.name!r} has no templates", group.name, "templates")
        for template in group.templates:
            if template.count("{}") != 1 or re.search(r"[{}]", template.replace("{}", "")):
                self._fail(f"template {template!r} must have one {{}}", group.name, "templates", template)

    def _check_parent(self, group: Group) -> None:
        if group.parent is None:
            if group.parent_labels:
                self._fail("parent_labels needs a parent", group.name, "parent_labels")
            return
        parent = self._groups.get(str(group.parent))  # a list is no key of a dict
        if parent is None:
            self._fail(f"unknown parent {group.parent!r}: define it above its group", group.name, "parent")
        if not group.parent_labels:
            self._fail(f"group {group.name!r} has a parent but no parent_labels", group.name, "parent")
        for i, label in enumerate(group.parent_labels):
            if label not in parent.labels or label in group.parent_labels[:i]:
                problem = "repeated" if label in parent.labels else f"not a label of {group.parent!r}"
                self._fail(f"parent label {label!r} is {problem}", group.name, "parent_labels", label)

    def _check_words(self, group: Group) -> None:
        seen: set[str] = set()
        labels_of_other_groups = {label for other in self._groups.values() for label in other.labels}
        for label, words in group.labels.items():
            if label in labels_of_other_groups:
                self._fail(f"duplicate label {label!r}: another group has it", group.name, label)
            self._check_text(group, label, label)
            self._check_text(group, words, label, seen)
        for key, competitors in (("background", group.background), ("context", group.context)):
            for words in competitors:
                self._check_text(group, words, key, seen, words)

    def _check_text(self, group: Group, text: Any, key: str, seen: set[str] | None = None, value: str = "") -> None:
        if not isinstance(text, str) or not text.strip() or len(text) > _MAX_CHARACTERS or not text.isprintable():
            self._fail(f"{text!r} must be 1 to {_MAX_CHARACTERS} printable characters", group.name, key, value)
        if re.search(r"[{}]", text.replace("{parent}", "") if group.parent and seen is not None else text):
            self._fail(f"{text!r} has braces: only {{parent}} is allowed, if there is a parent", group.name, key, value)
        if seen is not None:
            if text in seen:
                self._fail(f"duplicate words {text!r} in group {group.name!r}", group.name, key, value)
            seen.add(text)

    def _fail(self, message: str, group: str, key: str = "", value: str = "") -> NoReturn:
        raise LabelsError(f"{self._path}, line {self._line(group, key, value)}: {message}")

    def _line(self, group: str, key: str, value: str) -> int:
        """Return the last line of `key` in `group` that contains `value`; else the first of `key`, else of `group`."""
        header = re.compile(rf"\s*\[\s*groups\s*\.\s*[\"']?{re.escape(group)}[\"']?\s*(?:\.\s*(\w+)\s*)?\]")
        assignment = re.compile(r"\s*[\"']?([\w-]+)[\"']?\s*=")
        group_line, key_line, value_line, in_group, current_key = 0, 0, 0, False, ""
        for number, text in enumerate(self._lines, start=1):
            if text.lstrip().startswith("[groups"):
                match = header.match(text)
                in_group, current_key = match is not None, match.group(1) or "" if match else ""
            elif match := assignment.match(text):
                current_key = match.group(1)
            if in_group:
                group_line = group_line or number
                key_line = key_line or (number if current_key == key else 0)
                value_line = number if current_key == key and value and value in text else value_line
        return value_line or key_line or group_line or 1
