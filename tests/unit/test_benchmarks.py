"""The benchmark's arithmetic: medians, ratios, and limits that a slower service exceeds."""

import sys
from pathlib import Path

import pytest

from benchmarks.measure import Samples
from benchmarks.report import OURS, RATIOS, USUAL, beyond_limits, summarise
from tests.support.programs import run

SAMPLES: Samples = {
    (OURS, "encode_ms"): [50.0, 40.0, 90.0],
    (USUAL, "encode_ms"): [200.0, 220.0, 180.0],
    (OURS, "event_0.2mp_jpeg_ms"): [55.0],
    (OURS, "event_0.2mp_jpeg_overhead_ms"): [5.0],
    (USUAL, "event_0.2mp_jpeg_ms"): [220.0],
    (OURS, "event_12mp_jpeg_ms"): [80.0],
    (USUAL, "event_12mp_jpeg_ms"): [500.0],
    (OURS, "rss_peak_mb"): [600.0],
    (USUAL, "rss_peak_mb"): [1000.0],
}


def test_ratios_compare_medians_and_omit_missing_measures() -> None:
    ratios = summarise(dict(SAMPLES), {}, quick=True)["ratios"]
    assert ratios["encode_f32_vs_usual"] == 0.25
    assert ratios["event_12mp_vs_usual"] == 0.16
    assert ratios["event_overhead_ms"] == 5.0
    assert "cold_wall_vs_usual" not in ratios


def test_measure_has_median_p99_and_unit() -> None:
    measures = summarise(dict(SAMPLES), {OURS: [("base", 100.0), ("weights", 50.0)]}, quick=False)["measures"]
    assert {"subject": OURS, "measure": "encode_ms", "median": 50.0, "p99": 90.0, "n": 3, "unit": "ms"} in measures
    assert {"subject": OURS, "measure": "image_mb", "median": 150.0, "p99": 150.0, "n": 1, "unit": "MB"} in measures


def test_a_fast_service_is_within_the_limits() -> None:
    assert beyond_limits(summarise(dict(SAMPLES), {}, quick=True)["ratios"]) == []


@pytest.mark.parametrize("key", [ratio.key for ratio in RATIOS if ratio.limit is not None])
def test_reports_a_ratio_that_is_missing_or_above_its_limit(key: str) -> None:
    ratios = summarise(dict(SAMPLES), {}, quick=True)["ratios"]
    assert key in beyond_limits(ratios | {key: 50.0})[0]
    assert key in beyond_limits({name: value for name, value in ratios.items() if name != key})[0]


def test_page_lists_every_ratio() -> None:
    page = (Path(__file__).parents[2] / "docs/benchmarks.md").read_text()
    assert [ratio.key for ratio in RATIOS if f"`{ratio.key}`" not in page] == []


def test_driver_of_the_benchmark_does_not_map_files_of_a_cold_start() -> None:
    """Mapped pages stay in memory if the page cache is dropped, so the cold start would be too fast."""
    script = "import sys, benchmarks.__main__; print({'torch', 'numpy', 'transformers'} & set(sys.modules))"
    assert run(sys.executable, "-c", script) == "set()\n"
