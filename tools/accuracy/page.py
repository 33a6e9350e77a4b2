"""Writes docs/accuracy.md and its plots."""

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

from function.model.checkpoint import DEFAULT_MODEL
from tools.accuracy.figures import TITLES, Figures
from tools.evaluate.figures import SURE, Answer, Presence, calibration_bins
from tools.evaluate.report import plot_confusion

# acc1 of "vtab/pets,ViT-B-32,openai" in benchmark/benchmark.csv of github.com/LAION-AI/CLIP_benchmark.
PUBLISHED, TOLERANCE = 0.873, 0.005
_PLOTS = ("accuracy-breeds.png", "accuracy-calibration.png", "accuracy-confusion.png")
_TITLE = "# Accuracy"
_METHOD = f"""## What is measured

- **Breed**: the 37 breeds as `candidate_labels` with OpenAI's template "a photo of a {{}}, a type of pet.", on the test
  split of [Oxford-IIIT Pets](https://www.robots.ox.ac.uk/~vgg/data/pets) (3,669 photos). For the default model,
  [CLIP_benchmark](https://github.com/LAION-AI/CLIP_benchmark/blob/main/benchmark/benchmark.csv) publishes
  {PUBLISHED:.1%} top-1 and a mean recall of 87.0%. `make accuracy` fails if top-1 differs by more than {TOLERANCE:.1%}.
  [models.md](models.md) has the mean recalls of other models.
- **Cat or dog**: the best of the nine built-in pets on the same photos.
- **Coat**: the best of the three coats on the photos of the 34 breeds that have one coat. The truth is what the breeds'
  associations say: [tools/accuracy/breeds.toml](../tools/accuracy/breeds.toml) has each breed's coat and source. Photos
  differ from the standard (clipped dogs, kittens), so 100% is out of reach.
- **Pets in scenes**: pictures of [COCO](https://cocodataset.org) val2017 whose only animals are cats, only dogs or only
  birds. **Quiet rate**: the share of pictures without animals that get no tag above {SURE}. **Presence**: if the scores
  of the nine pets add up to more than {SURE}, the answer is "this picture shows a pet". **With context**: a person, a
  sofa, a table, a plant or food is in the picture.
- **Calibration**: the expected calibration error, the mean distance between score and accuracy
  ([Guo et al., 2017](https://arxiv.org/abs/1706.04599)). 0 means that of all answers with score 0.8, 80% are right.
"""


def not_run_yet() -> str:
    """Return the page before the first run."""
    return f"""{_TITLE}

Not run yet. This command downloads the model and the photos (1.2 GB), measures, and writes this page:

```bash
make accuracy
```

`make accuracy ARGS="--export build/photos"` only writes the photos to folders for `python -m tools.evaluate`, which can
also [fit calibration temperatures](labels.md#measure-and-calibrate).

Without the download, it needs about a quarter of an hour on two CPUs. If it is interrupted, run it again: it continues.
`make accuracy MODEL_ID=laion/CLIP-ViT-B-32-laion2B-s34B-b79K` measures another model.

{_METHOD}"""


def write(figures: Figures, model_name: str, folder: Path) -> None:
    """Write the page and its plots into `folder`."""
    breeds, calibration, confusion = (folder / name for name in _PLOTS)
    _plot_breeds(figures, breeds)
    _plot_calibration(figures.given, calibration)
    plot_confusion([figures.species, figures.coat, figures.coco], confusion)
    (folder / "accuracy.md").write_text(_page(figures, model_name), encoding="utf-8")


def gate(figures: Figures, model_id: str) -> str | None:
    """Return an error if the breed accuracy of the default model differs from the published one, else None."""
    if model_id != DEFAULT_MODEL or abs(figures.breed.top_1 - PUBLISHED) <= TOLERANCE:
        return None
    return f"breed top-1 is {figures.breed.top_1:.2%}, published is {PUBLISHED:.1%} +- {TOLERANCE:.1%}"


def _page(figures: Figures, model_name: str) -> str:
    coco, quiet = figures.coco, figures.coco.other_things_untagged
    rows = {
        "breed, top-1 of 37": (f"{figures.breed.top_1:.1%}", figures.breed.pictures),
        "breed, mean recall": (f"{figures.mean_breed_recall:.1%}", figures.breed.pictures),
        "cat or dog, top-1 of 9": (f"{figures.species.top_1:.1%}", figures.species.pictures),
        "coat, top-1 of 3": (f"{figures.coat.top_1:.1%}", figures.coat.pictures),
        "pets in scenes, top-1 of 9": (f"{coco.top_1:.1%}", coco.pictures),
        "quiet rate": ("-" if quiet is None else f"{quiet:.1%}", coco.other_things),
    }
    for split, presence in figures.presence.items():
        rows |= _presence_rows(split, presence)
    reports = (figures.breed, figures.species, figures.coat, figures.coco)
    lines = [
        _TITLE,
        "",
        f"Written by `make accuracy`. Model: `{model_name}`. Pictures that could not be read: {figures.unreadable}.",
        "",
        "| figure | result | pictures |",
        "|---|---|---|",
        *(f"| {name} | {result} | {pictures} |" for name, (result, pictures) in rows.items()),
        *(
            f"| calibration error, {report.group} | {report.expected_calibration_error:.3f} | {report.pictures} |"
            for report in reports
        ),
        "",
        *(f"![{name}]({name})" for name in _PLOTS),
        "",
    ]
    return "\n".join(lines) + f"\n{_METHOD}"


def _presence_rows(split: str, presence: Presence) -> dict[str, tuple[str, int]]:
    """Return the rows of the table for all pictures, or for those with or without context."""
    total = presence.pictures + presence.others
    figures = {
        "precision": (presence.precision, total),
        "recall": (presence.recall, presence.pictures),
        "F1": (presence.f1, total),
        "right and above 0.5": (presence.right_and_sure, presence.pictures),
        "quiet rate": (presence.quiet, presence.others),
    }
    return {
        f"presence, {split}: {name}": ("-" if value is None else f"{value:.1%}", pictures)
        for name, (value, pictures) in figures.items()
    }


def _plot_breeds(figures: Figures, path: Path) -> None:
    """Draw the recall of every breed, best first."""
    recalls = sorted(((recall or 0.0, breed) for breed, recall in figures.breed.recall.items()), reverse=True)
    figure, axis = plt.subplots(figsize=(11, 4), layout="constrained")
    axis.bar([breed for _, breed in recalls], [recall for recall, _ in recalls], color="#2f6f4f")
    axis.set_title(f"recall of each breed; top-1 {figures.breed.top_1:.1%}", fontsize=10, loc="left")
    axis.tick_params(axis="x", labelrotation=90, labelsize=8)
    axis.set_ylim(0, 1)
    axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _plot_calibration(given: dict[str, list[Answer]], path: Path) -> None:
    """Draw accuracy by score, one line for each kind of answer; the diagonal is perfect."""
    figure, axis = plt.subplots(figsize=(5, 4.5), layout="constrained")
    axis.plot([0, 1], [0, 1], color="#b8bfc6", linestyle="--")
    for kind, answers in given.items():
        points = sorted(
            (sum(a.score for a in held) / len(held), sum(a.best == a.truth for a in held) / len(held))
            for held in calibration_bins(answer for answer in answers if not answer.is_other)
        )
        axis.plot([score for score, _ in points], [accuracy for _, accuracy in points], marker="o", label=TITLES[kind])
    axis.set(xlabel="score", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
    axis.legend(loc="upper left", fontsize=8)
    figure.savefig(path, dpi=100)
    plt.close(figure)
