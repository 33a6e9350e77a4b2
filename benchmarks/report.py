"""Summarise samples in bench.json: medians, and ratios with their targets."""

import json
import os
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import Samples

OURS, OURS_BF16, USUAL = "ours", "ours bfloat16", "usual service"
Median = Callable[[str, str], float]


@dataclass(frozen=True)
class Ratio:
    """A ratio with its target: `value(median)` should be at most `target`. A quick run fails above `limit`."""

    key: str
    says: str
    target: float
    value: Callable[[Median], float]
    limit: float | None = None


def _over(a: str, b: str, measure: str, measure_b: str = "") -> Callable[[Median], float]:
    """Return a function that divides the median of `a` by the median of `b`."""
    return lambda median: median(a, measure) / median(b, measure_b or measure)


RATIOS = (
    Ratio(
        "encode_f32_vs_openvino",
        "encode one image, float32: ours / OpenVINO",
        1.00,
        _over(OURS, "OpenVINO", "encode_ms"),
    ),
    Ratio(
        "encode_f32_vs_onnxruntime",
        "encode one image, float32: ours / ONNX Runtime",
        0.95,
        _over(OURS, "ONNX Runtime", "encode_ms"),
    ),
    Ratio(
        "encode_bf16_vs_openvino",
        "encode one image, bfloat16: ours / OpenVINO",
        1.10,
        _over(OURS_BF16, "OpenVINO bfloat16", "encode_ms"),
    ),
    Ratio(
        "encode_f32_vs_usual",
        "encode one image: ours / the usual service's model call",
        0.30,
        _over(OURS, USUAL, "encode_ms"),
        limit=0.42,
    ),
    Ratio(
        "batch8_vs_single",
        "an image of a batch of 8 / one alone, ours",
        0.90,
        _over(OURS, OURS, "encode_batch8_ms_per_image", "encode_beside_batch_ms"),
    ),
    Ratio(
        "event_12mp_vs_usual",
        "12 MP JPEG, event to response: ours / usual service",
        0.20,
        _over(OURS, USUAL, "event_12mp_jpeg_ms"),
        limit=0.30,
    ),
    Ratio(
        "event_0.2mp_vs_usual",
        "0.2 MP JPEG, event to response: ours / usual service",
        0.35,
        _over(OURS, USUAL, "event_0.2mp_jpeg_ms"),
        limit=0.45,
    ),
    Ratio(
        "event_overhead_ms",
        "0.2 MP JPEG, event to response without the encode, milliseconds",
        8.0,
        lambda median: median(OURS, "event_0.2mp_jpeg_overhead_ms"),
    ),
    Ratio(
        "event_overhead_vs_encode",
        "0.2 MP JPEG, event to response without the encode / the encode, ours",
        0.20,
        _over(OURS, OURS, "event_0.2mp_jpeg_overhead_ms", "encode_ms"),
        limit=0.30,
    ),
    Ratio(
        "cold_wall_vs_usual",
        "cold start, page cache dropped, wall: ours / usual service",
        0.35,
        _over(OURS, USUAL, "cold_dropped_wall_s"),
    ),
    Ratio(
        "cold_own_labels_vs_usual",
        "cold start, page cache dropped, first answer with own labels, wall: ours / usual service",
        0.35,
        _over(OURS, USUAL, "cold_dropped_own_labels_wall_s"),
    ),
    Ratio(
        "own_labels_vs_built_in",
        "cold start, page cache dropped, wall, ours: own labels / built-in labels",
        1.2,
        _over(OURS, OURS, "cold_dropped_own_labels_wall_s", "cold_dropped_wall_s"),
    ),
    Ratio(
        "own_labels_text_vs_transformers",
        "encode three own labels, text tower loaded: ours / Transformers' text tower",
        0.6,
        _over("ours, text tower", "text tower", "three_texts_ms"),
    ),
    Ratio(
        "cold_cpu_vs_onnxruntime",
        "cold start, CPU seconds: ours / ONNX Runtime without torch",
        2.0,
        _over(OURS, "ONNX Runtime", "cold_warm_cpu_s"),
    ),
    Ratio(
        "rss_f32_vs_usual",
        "peak memory, float32: ours / usual service",
        0.40,
        _over(OURS, USUAL, "rss_peak_mb"),
        limit=0.88,
    ),
    Ratio(
        "rss_bf16_vs_usual",
        "peak memory, bfloat16: ours / usual service",
        0.60,
        _over(OURS_BF16, USUAL, "rss_peak_mb"),
    ),
    Ratio("image_size_vs_usual", "image: ours / usual service", 0.60, _over(OURS, USUAL, "image_mb")),
    Ratio(
        "first_vs_tenth",
        "first request after load / tenth, ours",
        1.2,
        _over(OURS, OURS, "cold_warm_first_answer_ms", "cold_warm_tenth_answer_ms"),
    ),
)


def summarise(samples: Samples, layers: dict[str, list[tuple[str, float]]], quick: bool) -> dict[str, Any]:
    """Return the content of bench.json: one object per measure, the ratios, the image layers and the machine."""
    for subject, sizes in layers.items():
        samples[subject, "image_mb"] = [sum(size for _, size in sizes)]
    medians = {key: statistics.median(values) for key, values in samples.items()}
    ratios = {}
    for ratio in RATIOS:
        try:
            ratios[ratio.key] = round(ratio.value(lambda subject, measure: medians[subject, measure]), 3)
        except KeyError:  # not measured in this run, or not available on this machine
            continue
    return {
        "machine": machine(),
        "quick": quick,
        "ratios": ratios,
        "measures": [_measure(*key, values) for key, values in sorted(samples.items())],
        "image_layers": {
            subject: [{"command": c, "mb": round(mb, 1)} for c, mb in of] for subject, of in layers.items()
        },
    }


def _measure(subject: str, measure: str, values: Sequence[float]) -> dict[str, Any]:
    ordered = sorted(values)
    return {
        "subject": subject,
        "measure": measure,
        "median": round(statistics.median(ordered), 3),
        "p99": round(ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))], 3),
        "n": len(ordered),
        "unit": _unit(measure),
    }


def _unit(measure: str) -> str:
    if measure.startswith("images_per_s"):
        return "images/s"
    return "s" if measure.endswith("_s") else "MB" if measure.endswith("_mb") else "ms"


def cpu_name() -> str:
    """Return the name of this machine's processor."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if "model name" in line), platform.processor())


def machine() -> dict[str, Any]:
    """Return the CPU, its number and torch."""
    import torch  # noqa: PLC0415 - importing torch earlier would keep its files in the page cache during cold starts

    halves = ", bfloat16" if torch.cpu._is_avx512_bf16_supported() else ""
    return {
        "cpu": f"{cpu_name()} ({torch.backends.cpu.get_cpu_capability()}{halves})",
        "cpus": len(os.sched_getaffinity(0)),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }


def beyond_limits(ratios: dict[str, float]) -> list[str]:
    """Return a message for every ratio that is above its limit or missing."""
    complaints = []
    for ratio in RATIOS:
        if ratio.limit is None:
            continue
        found = ratios.get(ratio.key)
        if found is None or found > ratio.limit:
            complaints.append(f"{ratio.key}: {found}, the limit is {ratio.limit} ({ratio.says})")
    return complaints


def write_json(summary: dict[str, Any], path: Path) -> None:
    """Write bench.json."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
