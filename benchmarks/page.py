"""Writes docs/benchmarks.md and its plots from the summary of a full run."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

from benchmarks.report import RATIOS

NOTES, TRICKS = Path(__file__).parent / "notes.md", Path(__file__).parent / "tricks.md"
_OURS_COLOUR, _OTHER_COLOUR = "#2f6f4f", "#b8bfc6"
# For each file its charts: title and measure. A chart has a bar for every subject with that measure.
_PLOTS = {
    "benchmarks-speed.png": {
        "encode one image (ms)": "encode_ms",
        "12 MP JPEG, event to response (ms)": "event_12mp_jpeg_ms",
        "0.2 MP JPEG, event to response (ms)": "event_0.2mp_jpeg_ms",
    },
    "benchmarks-start.png": {
        "cold start, page cache dropped (s)": "cold_dropped_wall_s",
        "cold start, CPU (s)": "cold_warm_cpu_s",
        "peak memory (MB)": "rss_peak_mb",
    },
}
_TABLES = {
    "Encoding, milliseconds per image": {
        "encode_ms": "one image",
        "encode_batch8_ms_per_image": "batch of 8",
    },
    "Event to response, milliseconds: median (p99)": {
        "event_0.2mp_jpeg_ms": "0.2 MP JPEG",
        "event_0.2mp_jpeg_overhead_ms": "the same without encoding",
        "event_12mp_jpeg_ms": "12 MP JPEG",
        "event_2mp_png_ms": "2 MP PNG",
    },
    "Cold start: new process to first answer": {
        "cold_dropped_wall_s": "wall, page cache dropped, s",
        "cold_dropped_read_mb": "read, MB",
        "cold_warm_wall_s": "wall, warm, s",
        "cold_warm_cpu_s": "CPU, s",
        "cold_warm_first_answer_ms": "first answer, ms",
        "cold_warm_tenth_answer_ms": "tenth, ms",
    },
    "Cold start: new process to first answer, labels of the caller's own": {
        "cold_dropped_own_labels_wall_s": "wall, page cache dropped, s",
        "cold_dropped_own_labels_read_mb": "read, MB",
        "cold_warm_own_labels_wall_s": "wall, warm, s",
        "cold_warm_own_labels_cpu_s": "CPU, s",
        "cold_warm_own_labels_first_answer_ms": "first answer, ms",
        "cold_warm_own_labels_rss_peak_mb": "peak memory, MB",
    },
    "Three prompts, text tower loaded, milliseconds": {"three_texts_ms": "all three"},
    "Memory, MB": {"rss_steady_mb": "steady", "rss_peak_mb": "peak"},
    "Images per second by number of concurrent clients (local server, events/cat.jpg)": {
        "images_per_s_1_callers": "1",
        "images_per_s_2_callers": "2",
        "images_per_s_4_callers": "4",
    },
}
_SMALLEST_IMPORT_MS = 8.0


def write_page(summary: dict[str, Any], folder: Path) -> None:
    """Write the page and its plots into `folder`."""
    for name, panels in _PLOTS.items():
        _plot(summary, panels, folder / name)
    (folder / "benchmarks.md").write_text("\n".join(_lines(summary)) + "\n", encoding="utf-8")


def _lines(summary: dict[str, Any]) -> list[str]:
    machine = summary["machine"]
    return [
        "# Benchmarks",
        "",
        "Written by `make bench`: one run that compares this service with other ways to serve the same model. Each",
        "subject runs in its own process, and the subjects take turns. All get the same images and the same full-size",
        "ViT-B/32 with random weights. [benchmarks/subjects.py](../benchmarks/subjects.py) lists the subjects.",
        f"Machine of this run: {machine['cpu']}, {machine['cpus']} CPUs, torch {machine['torch']}. Compare ratios",
        "only, because times depend on the machine.",
        "",
        *_ratio_table(summary["ratios"]),
        "",
        *(f"![{name}]({name})" for name in _PLOTS),
        "",
        NOTES.read_text(encoding="utf-8").strip(),
        "",
        *(line for title, columns in _TABLES.items() for line in _table(title, columns, summary["measures"])),
        *_layers(summary["image_layers"]),
        *_imports(summary["imports_ms"]),
        "",
        TRICKS.read_text(encoding="utf-8").strip(),
    ]


def _ratio_table(ratios: dict[str, float]) -> list[str]:
    lines = ["| figure | key | reached | target |", "|---|---|---|---|"]
    for ratio in RATIOS:
        value = ratios.get(ratio.key)
        reached = (
            "not measured" if value is None else f"**{value:.3f}**" if value <= ratio.target else f"{value:.3f}, missed"
        )
        lines.append(f"| {ratio.says} | `{ratio.key}` | {reached} | {ratio.target:.2f} |")
    return lines


def _table(title: str, columns: dict[str, str], measures: Sequence[dict[str, Any]]) -> list[str]:
    items = {(item["subject"], item["measure"]): item for item in measures}
    subjects = list(dict.fromkeys(subject for subject, measure in items if measure in columns))
    lines = [f"## {title}", "", f"| | {' | '.join(columns.values())} |", f"|---|{'---|' * len(columns)}"]
    for subject in subjects:
        cells = [_cell(items.get((subject, measure))) for measure in columns]
        lines.append(f"| {subject} | {' | '.join(cells)} |")
    return [*lines, ""]


def _cell(item: dict[str, Any] | None) -> str:
    if item is None:
        return "-"
    digits = 2 if item["median"] < 10 else 0 if item["unit"] == "MB" else 1
    text = f"{item['median']:.{digits}f}"
    return f"{text} ({item['p99']:.{digits}f})" if item["measure"].startswith("event_") else text


def _layers(images: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Return a table of layers for each image. The layers that all images share are one row, the base image."""
    if not images:
        return []
    shared = 0
    while len({json.dumps(layers[shared : shared + 1]) for layers in images.values()}) == 1:
        shared += 1
    lines = ["## Image, MB by layer", ""]
    for subject, layers in images.items():
        total, base = (sum(layer["mb"] for layer in some) for some in (layers, layers[:shared]))
        lines += [
            f"**{subject}**: {total:.0f}",
            "",
            "| MB | created by |",
            "|---|---|",
            f"| {base:.1f} | the base image |",
        ]
        own = [layer for layer in layers[shared:] if layer["mb"] >= 0.05]
        lines += [f"| {layer['mb']:.1f} | `{_short(layer['command'])}` |" for layer in own]
        lines.append("")
    return lines


def _short(command: str) -> str:
    """Return the command that created a layer, shortened and without Docker's noise."""
    text = " ".join(command.replace("|", "").replace("`", "").split())
    text = text.removeprefix("/bin/sh -c ").removeprefix("#(nop) ")
    text = re.sub(r"(dir|file|multi):[0-9a-f]{64} in ", "... ", text)
    return text if len(text) <= 90 else f"{text[:87]}..."


def _imports(spent: dict[str, float]) -> list[str]:
    lines = ["## Duration of importing the handler, milliseconds", "", "| package | ms |", "|---|---|"]
    large = sorted(((ms, name) for name, ms in spent.items() if ms >= _SMALLEST_IMPORT_MS), reverse=True)
    lines += [f"| {name} | {ms:.0f} |" for ms, name in large]
    rest = sum(ms for ms in spent.values() if ms < _SMALLEST_IMPORT_MS)
    return [*lines, f"| all others | {rest:.0f} |", "", "`function` includes reading and packing the weights."]


def _figures(value: float) -> str:
    """Return a number with three significant digits, or as an integer if it is at least 100."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _plot(summary: dict[str, Any], panels: dict[str, str], path: Path) -> None:
    figure, axes = plt.subplots(1, len(panels), figsize=(13, 3.4), layout="constrained")
    for axis, (title, measure) in zip(axes, panels.items(), strict=True):
        items = [item for item in summary["measures"] if item["measure"] == measure]
        items.sort(key=lambda item: -item["median"])
        names = [item["subject"] for item in items]
        colours = [_OURS_COLOUR if name.startswith("ours") else _OTHER_COLOUR for name in names]
        bars = axis.barh(names, [item["median"] for item in items], color=colours)
        axis.bar_label(bars, [_figures(item["median"]) for item in items], padding=3, fontsize=8)
        axis.set_title(title, fontsize=10, loc="left")
        axis.margins(x=0.18)
        axis.tick_params(axis="y", labelsize=8)
        axis.xaxis.set_visible(False)
        axis.spines[["top", "right", "bottom"]].set_visible(False)
    figure.savefig(path, dpi=110)
    plt.close(figure)
