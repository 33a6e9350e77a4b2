"""Batches of a Step Functions Distributed Map: tag the objects and return their results."""

from typing import Any

from function.bulk.messages import is_delete_marker, read_item
from function.bulk.pipeline import TagObjects
from function.bulk.results import Result
from function.errors import ItemsUnfinished, MalformedMessage


def handle_batch(event: dict[str, Any], tag_objects: TagObjects) -> list[Result]:
    """Tag the objects of `{"BatchInput": {"bucket", "keys"}, "Items": [...]}`; return their results in that order.

    Raises ItemsUnfinished if an object failed and is worth a retry. A retry of the batch skips the objects that have
    their results. Raises MalformedMessage if the event is not such a batch.
    """
    items, batch = event.get("Items"), event.get("BatchInput") or {}
    if not isinstance(items, list):
        raise MalformedMessage("Expected a JSON object with a list `Items`.")
    objects = [read_item(item, batch) for item in items if not is_delete_marker(item)]
    outcomes = tag_objects(objects)
    errors = {str(s3_object): outcome for s3_object, outcome in outcomes.items() if isinstance(outcome, Exception)}
    if errors:
        name, error = next(iter(errors.items()))
        raise ItemsUnfinished(
            f"{len(errors)} of {len(outcomes)} objects are not finished. The first is {name}: {error}"
        )
    return [outcome for s3_object in objects if isinstance(outcome := outcomes[s3_object], dict)]
