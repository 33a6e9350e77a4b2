"""How this process started: from the image, or from a snapshot."""

from typing import Literal


class Start:
    """The start that the next request has to log. There is none if no request waited for it."""

    def __init__(self) -> None:
        self._log_fields: dict[str, object] = {}

    def record(self, start_type: Literal["init", "restore"], milliseconds: float) -> None:
        """Let the next request log a start."""
        self._log_fields = {"cold_start": True, "start_type": start_type, "start_ms": round(milliseconds, 2)}

    def take_log_fields(self) -> dict[str, object]:
        """Return the log fields of one request. Only the first request after a start has those of the start."""
        fields, self._log_fields = self._log_fields, {}
        return fields or {"cold_start": False}
