"""A batch of Step Functions' Distributed Map to a list of results."""

from collections.abc import Callable
from typing import Any

from function.bulk.messages import is_delete_marker, read_item
from function.bulk.pipeline import TagObjects
from function.bulk.results import Result
from function.errors import ItemsUnfinished, MalformedMessage


def answer_items(event: dict[str, Any], tag_objects: TagObjects, remaining_s: Callable[[], float]) -> list[Result]:
    """Tag the objects of `{"BatchInput": {"bucket", "keys"}, "Items": [...]}`; return their results, in their order.

    Raises ItemsUnfinished if one of them has none and is worth another try: those that are done are recorded and not
    done again when the same batch comes again. Raises MalformedMessage if it is no such batch.
    """
    items, batch = event.get("Items"), event.get("BatchInput") or {}
    if not isinstance(items, list):
        raise MalformedMessage("A batch is an object with Items, a list.")
    objects = [read_item(item, batch) for item in items if not is_delete_marker(item)]
    outcomes = tag_objects(objects, remaining_s)
    failed = {str(source): outcome for source, outcome in outcomes.items() if isinstance(outcome, Exception)}
    if failed:
        first, why = next(iter(failed.items()))
        raise ItemsUnfinished(f"{len(failed)} of {len(outcomes)} objects are left to do; the first, {first}: {why}")
    return [outcome for source in objects if isinstance(outcome := outcomes[source], dict)]
