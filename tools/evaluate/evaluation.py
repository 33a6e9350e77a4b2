"""The evaluation of one model on one folder of pictures."""

from pathlib import Path

from function.bake import bake
from function.model.baked_folder import MANIFEST
from function.settings import Settings
from function.tagging.labels import LABELS_TOML
from function.tagging.tagger import Tagger
from tools.evaluate.calibration import cases, fit
from tools.evaluate.figures import SURE, answers, by_context, former_answers, min_scores, summarise
from tools.evaluate.pictures import observe
from tools.evaluate.report import Report


def evaluate(tagger: Tagger, folder: Path, threshold: float = SURE) -> Report:
    """Tag every picture of `folder` and return the report. Groups without pictures are left out.

    Raises ValueError if there are no pictures.
    """
    groups = tagger.bank.labels.groups
    observations = observe(tagger, folder)
    if not observations:
        raise ValueError(f"{folder}: no pictures in its folders")
    given = {group.name: answers(observations, group) for group in groups}
    former = former_answers(observations, groups[0])
    reports = [summarise(group.name, tuple(group.labels), given[group.name]) for group in groups if given[group.name]]
    return Report(
        model=tagger.manifest.model_name,
        threshold=threshold,
        groups=reports,
        presence=by_context(given[groups[0].name], threshold),
        presence_without_composites=by_context(former, threshold) if groups[0].context else {},
        min_scores=min_scores(observations, groups[0].name),
        temperatures={group.name: fit(cases(observations, group)) for group in groups if given[group.name]},
    )


def load(model: str, folder: Path) -> Tagger:
    """Return the tagger of a baked folder, or of a checkpoint baked into `folder` first."""
    baked = Path(model)
    if not (baked / MANIFEST).is_file():
        baked = folder / "model"
        bake(model, None, LABELS_TOML, baked)
    return Tagger.load(baked, "float32", Settings().max_image_pixels)
