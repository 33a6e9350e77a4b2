"""What CloudWatch counts: a document in its embedded metric format for each picture or problem, by Powertools.

A document is a line on standard output: CloudWatch makes metrics of it, no call is made and nothing is waited for.
"""

from collections.abc import Mapping

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

# Fields of the log line, in milliseconds and bytes, that are metrics too, once a picture was encoded.
_OF_PICTURES = {
    "decode_ms": ("DecodeTime", MetricUnit.Milliseconds),
    "encode_ms": ("EncodeTime", MetricUnit.Milliseconds),
    "bytes": ("ImageBytes", MetricUnit.Bytes),
}


def publish(namespace: str, service: str, log: Mapping[str, object]) -> None:
    """Write the metrics that `log`, the fields of one log line, holds; nothing if it holds none.

    `Images` counts pictures that were encoded, `Rejected` problems, by their `code` too; `ColdStart` and `LoadTime` say
    that a request waited for the process to start, and how long.
    """
    values = _values(log)
    if not values:
        return
    # Ephemeral: `Metrics` itself keeps one set for the whole process, which requests at the same time would share.
    metrics = EphemeralMetrics(namespace=namespace, service=service)
    metrics.add_dimension("service", service)
    for name, (unit, value) in values.items():
        metrics.add_metric(name, unit, value)
    if code := log.get("code"):
        metrics.add_dimensions(service=service, code=str(code))
    metrics.add_metadata("request_id", log.get("request_id"))
    metrics.flush_metrics()


def _values(log: Mapping[str, object]) -> dict[str, tuple[MetricUnit, float]]:
    """Return what is counted and measured, by the metric's name."""
    values: dict[str, tuple[MetricUnit, float]] = {}
    cold, encoded, rejected = bool(log.get("cold_start")), "encode_ms" in log, bool(log.get("code"))
    if encoded or rejected:
        values["Rejected"] = (MetricUnit.Count, int(rejected))
    if encoded:
        values["Images"] = (MetricUnit.Count, 1)
        values |= {name: (unit, _number(log[field])) for field, (name, unit) in _OF_PICTURES.items() if field in log}
    if encoded or cold:
        values["ColdStart"] = (MetricUnit.Count, int(cold))
    if cold:
        values["LoadTime"] = (MetricUnit.Milliseconds, _number(log["start_ms"]))
    return values


def _number(value: object) -> float:
    return value if isinstance(value, int | float) else 0.0
