"""The start of a process as its first request logs it."""

from function.start import Start


def test_only_the_first_request_logs_the_start() -> None:
    start = Start()
    start.record("init", 1234.5678)
    assert start.take_log_fields() == {"cold_start": True, "start_type": "init", "start_ms": 1234.57}
    assert start.take_log_fields() == {"cold_start": False}


def test_no_request_logs_a_start_that_none_waited_for() -> None:
    assert Start().take_log_fields() == {"cold_start": False}
