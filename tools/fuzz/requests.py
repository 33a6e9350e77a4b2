"""Damage to events: to the fields that a front door fills in, and to the bodies that clients send through it."""

import base64
import copy
import random
from typing import Any

from tools.fuzz.mutations import mutate

_CHARSETS = ("utf-7", "utf-16", "punycode", "idna", "undefined", "unicode_escape", "rot13", "hex", "latin-1", "x" * 300)
# What a field may hold that should hold something else.
_WRONG: tuple[Any, ...] = (
    *(None, "", 0, -1, 2**63, 1e308, True, [], {}, [[]], {"": None}, ["a", 1, None]),
    *("\ud800", "\x00", "\r\nX-Evil: 1", "../../etc/passwd", "%ff%fe", "é", "<script>", "a" * 1_000_000),
    *(["x"] * 10_000, {str(i): "v" for i in range(2_000)}),
)


def damaged_event(rng: random.Random, event: dict[str, Any]) -> Any:
    """Return the event with one to four of its fields missing, wrong, or renamed."""
    damaged = copy.deepcopy(event)
    for _ in range(rng.randint(1, 4)):
        parent, key = rng.choice(list(_fields(damaged)) or [({}, "")])
        match rng.randrange(4):
            case 0:
                parent.pop(key, None)
            case 1:
                parent[f"{key}{rng.choice('xX -;')}"] = parent.pop(key, None)
            case _:
                parent[key] = copy.deepcopy(rng.choice(_WRONG))
    return damaged if rng.random() < 0.99 else rng.choice(_WRONG)


def damaged_body(rng: random.Random, event: dict[str, Any]) -> dict[str, Any]:
    """Return the event with its body, its content type or its query damaged, as a client can."""
    damaged = copy.deepcopy(event)
    given = damaged.get("body") or ""
    body = base64.b64decode(given) if damaged["isBase64Encoded"] else given.encode()
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
    """Return every dictionary in `value` with each of its keys."""
    found = [(value, key) for key in value] if isinstance(value, dict) else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return found + [field for each in inner for field in _fields(each)]
