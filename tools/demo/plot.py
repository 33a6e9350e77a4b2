"""The training curve as a small PNG."""

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt


def plot_history(history: list[dict[str, float]], path: Path) -> None:
    """Write loss and accuracy on unseen seeds, step by step."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3), dpi=90)
    steps = [entry["step"] for entry in history]
    left.plot(steps, [entry["loss"] for entry in history], color="black")
    left.set(title="contrastive loss (training)", xlabel="step", ylim=(0, None))
    for name, words in (("pet", "pet of 24 labels"), ("fur", "coat of 3"), ("all", "any of 24 labels")):
        right.plot(steps, [entry[name] for entry in history], label=words)
    right.set(title="top-1 on unseen seeds", xlabel="step", ylim=(0, 1))
    right.grid(alpha=0.3)
    right.legend(loc="lower right")
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)
