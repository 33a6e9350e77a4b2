"""The calibration temperature of each group: fitted on labelled pictures, stored in the baked model folder.

Logits are divided by the temperature before the softmax, so scores agree better with the share of right answers (Guo et
al., "On Calibration of Modern Neural Networks", 2017, section 4.2). The order of the pets does not change.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from function.model.baked_folder import Manifest
from function.tagging.labels import Group
from function.tagging.scoring import GroupLogits
from tools.evaluate.pictures import Observation

# From 0.1 to 10, in steps of 2 %.
_TEMPERATURES = tuple(0.1 * 100 ** (step / 233) for step in range(234))
_LEAST_PROBABILITY = 1e-12

# Logits of one picture, and the position of its true label; None if the picture shows none of the labels.
Case = tuple[GroupLogits, int | None]


@dataclass(frozen=True)
class Calibration:
    """The temperature of one group. `loss` is the negative log-likelihood at that temperature, `loss_at_1` at 1."""

    temperature: float
    loss: float
    loss_at_1: float


def cases(observations: Sequence[Observation], group: Group) -> list[Case]:
    """Return the cases of one group."""
    labels = list(group.labels)
    known = [each for each in observations if group.name in each.logits]
    truths = [each.picture.label if group.parent is None else each.picture.label_of(group) for each in known]
    return [
        (each.logits[group.name], labels.index(truth) if truth else None)
        for each, truth in zip(known, truths, strict=True)
    ]


def loss(given: Sequence[Case], temperature: float) -> float:
    """Return the mean negative log-likelihood of the true labels, and of no label for pictures of other things."""
    total = 0.0
    for logits, truth in given:
        scores = logits.probabilities(temperature)
        probability = 1 - math.fsum(scores) if truth is None else scores[truth]
        total -= math.log(max(probability, _LEAST_PROBABILITY))
    return total / len(given)


def fit(given: Sequence[Case]) -> Calibration | None:
    """Return the temperature with the least loss.

    None if it is at the end of the range: too few pictures, or none that the model gets wrong, cannot be fitted.
    """
    if not given:
        return None
    losses = {temperature: loss(given, temperature) for temperature in _TEMPERATURES}
    best = min(losses, key=losses.__getitem__)
    if best in {_TEMPERATURES[0], _TEMPERATURES[-1]}:
        return None
    return Calibration(round(best, 3), losses[best], loss(given, 1.0))


def write_temperatures(folder: Path, temperatures: dict[str, float]) -> None:
    """Store the temperatures in the manifest of the baked model folder `folder`; other groups keep theirs.

    Raises CheckpointError if `folder` is not a baked model folder.
    """
    manifest = Manifest.read(folder)
    replace(manifest, temperatures={**manifest.temperatures, **temperatures}).write(folder)
