"""Metrics for CloudWatch, in its embedded metric format, written by Powertools.

CloudWatch reads metrics from lines of the log, so publishing a metric calls no service.
"""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit


def publish(namespace: str, service: str, log: Mapping[str, Any]) -> None:
    """Write the metrics of one request, whose log fields are `log`. Write nothing if it has none.

    `Images` counts encoded images, `Rejected` counts problems, also by their `code`. `ColdStart` counts requests that
    waited for a start, `Restore` those that waited for a restore from a snapshot. `LoadTime` is how long both took.
    """
    cold, encoded, code = log["cold_start"], "encode_ms" in log, log.get("code")
    if not (cold or encoded or code):
        return
    # EphemeralMetrics, because concurrent requests would share the one set of `Metrics`.
    metrics = EphemeralMetrics(namespace=namespace, service=service)
    if encoded or code:
        metrics.add_metric("Rejected", MetricUnit.Count, 1 if code else 0)
    if encoded:
        metrics.add_metric("Images", MetricUnit.Count, 1)
        metrics.add_metric("DecodeTime", MetricUnit.Milliseconds, log["decode_ms"])
        metrics.add_metric("EncodeTime", MetricUnit.Milliseconds, log["encode_ms"])
        metrics.add_metric("ImageBytes", MetricUnit.Bytes, log["bytes"])
    if encoded or cold:
        metrics.add_metric("ColdStart", MetricUnit.Count, 1 if cold else 0)
    if cold:
        metrics.add_metric("LoadTime", MetricUnit.Milliseconds, log["start_ms"])
    if log.get("start_type") == "restore":
        metrics.add_metric("Restore", MetricUnit.Count, 1)
    if code:
        metrics.add_dimensions(service=service, code=code)
    metrics.add_metadata("request_id", log["request_id"])
    metrics.flush_metrics()
