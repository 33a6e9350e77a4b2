"""Metrics for CloudWatch, in its embedded metric format, written by Powertools.

CloudWatch reads metrics from lines of the log, so publishing a metric calls no service.
"""

from collections.abc import Mapping

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

# Log fields of an encoded image that are also metrics.
_IMAGE_METRICS = {
    "decode_ms": ("DecodeTime", MetricUnit.Milliseconds),
    "encode_ms": ("EncodeTime", MetricUnit.Milliseconds),
    "bytes": ("ImageBytes", MetricUnit.Bytes),
}


def publish(namespace: str, service: str, log: Mapping[str, object]) -> None:
    """Write the metrics of one request, whose log fields are `log`. Write nothing if it has none.

    `Images` counts encoded images, `Rejected` counts problems, also by their `code`. `ColdStart` counts requests that
    waited for a start, `Restore` those that waited for a restore from a snapshot. `LoadTime` is how long both took.
    """
    values = _values(log)
    if not values:
        return
    # EphemeralMetrics, because concurrent requests would share the one set of `Metrics`.
    metrics = EphemeralMetrics(namespace=namespace, service=service)
    metrics.add_dimension("service", service)
    for name, (unit, value) in values.items():
        metrics.add_metric(name, unit, value)
    if code := log.get("code"):
        metrics.add_dimensions(service=service, code=str(code))
    metrics.add_metadata("request_id", log.get("request_id"))
    metrics.flush_metrics()


def _values(log: Mapping[str, object]) -> dict[str, tuple[MetricUnit, float]]:
    """Return each metric's unit and value by name."""
    values: dict[str, tuple[MetricUnit, float]] = {}
    cold, encoded, rejected = bool(log.get("cold_start")), "encode_ms" in log, bool(log.get("code"))
    if encoded or rejected:
        values["Rejected"] = (MetricUnit.Count, int(rejected))
    if encoded:
        values["Images"] = (MetricUnit.Count, 1)
        values |= {name: (unit, _number(log[field])) for field, (name, unit) in _IMAGE_METRICS.items() if field in log}
    if encoded or cold:
        values["ColdStart"] = (MetricUnit.Count, int(cold))
    if log.get("start_type") == "restore":
        values["Restore"] = (MetricUnit.Count, 1)
    if cold:
        values["LoadTime"] = (MetricUnit.Milliseconds, _number(log["start_ms"]))
    return values


def _number(value: object) -> float:
    return value if isinstance(value, int | float) else 0.0
