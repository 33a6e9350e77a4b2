"""Damages Lambda events: the fields that a front door sets, and the bodies that clients send."""

import base64
import copy
import random
from typing import Any

from tools.fuzz.mutations import mutate

_CHARSETS = ("utf-7", "utf-16", "punycode", "idna", "undefined", "unicode_escape", "rot13", "hex", "latin-1", "x" * 300)
# Values that the service does not expect in a field.
_UNEXPECTED: tuple[Any, ...] = (
    *(None, "", 0, -1, 2**63, 1e308, True, [], {}, [[]], {"": None}, ["a", 1, None]),
    *("\ud800", "\x00", "\r\nX-Evil: 1", "../../etc/passwd", "%ff%fe", "é", "<script>", "a" * 1_000_000),
    *(["x"] * 10_000, {str(i): "v" for i in range(2_000)}),
)


def damaged_event(rng: random.Random, event: dict[str, Any]) -> Any:
    """Return the event with one to four of its fields removed, renamed or set to an unexpected value."""
    damaged = copy.deepcopy(event)
    for _ in range(rng.randint(1, 4)):
        parent, key = rng.choice(list(_fields(damaged)) or [({}, "")])
        match rng.randrange(4):
            case 0:
                parent.pop(key, None)
            case 1:
                parent[f"{key}{rng.choice('xX -;')}"] = parent.pop(key, None)
            case _:
                parent[key] = copy.deepcopy(rng.choice(_UNEXPECTED))
    return damaged if rng.random() < 0.99 else rng.choice(_UNEXPECTED)


def damaged_body(rng: random.Random, event: dict[str, Any]) -> dict[str, Any]:
    """Return the event with a damaged body and sometimes a damaged content type, as a client can send them."""
    damaged = copy.deepcopy(event)
    body_text = damaged.get("body") or ""
    body = base64.b64decode(body_text) if damaged["isBase64Encoded"] else body_text.encode()
    body = mutate(rng, body, [b"\r\n--pet-tagger-boundary", b'name="file"; filename="', b"[[[[", b'"\\ud800"', b"NaN"])
    damaged["body"], damaged["isBase64Encoded"] = base64.b64encode(body).decode(), True
    headers = damaged["headers"]
    for name in [name for name in headers if name.lower() == "content-type"]:
        if rng.random() < 0.3:
            headers[name] = _damaged_type(rng, headers[name])
            if "multiValueHeaders" in damaged:
                damaged["multiValueHeaders"][name] = [headers[name]]
    return damaged


def _damaged_type(rng: random.Random, content_type: str) -> str:
    if rng.random() < 0.5:
        return f"{content_type}; charset={rng.choice(_CHARSETS)}"
    return mutate(rng, content_type.encode(), [b";", b"boundary=", b'"', b"image/", b"json"]).decode("latin-1")


def _fields(value: Any) -> list[tuple[Any, Any]]:
    """Return (dictionary, key) for each key of each dictionary in `value`."""
    fields = [(value, key) for key in value] if isinstance(value, dict) else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return fields + [field for each in inner for field in _fields(each)]
