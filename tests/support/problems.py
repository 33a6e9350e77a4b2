"""Checks of answers that are problem documents."""

from typing import Any


def is_problem(response: Any, status: int, code: str) -> Any:
    """Assert that the response is this problem, with all fields and headers, and return it."""
    problem = response.json()
    assert (response.status_code, problem["code"]) == (status, code), problem
    assert response.headers["content-type"] == "application/problem+json"
    assert set(problem) == {"type", "title", "status", "detail", "code", "request_id"}
    assert problem["status"] == status
    assert problem["request_id"] == response.headers["x-request-id"]
    assert response.headers["x-model"] == "small"
    return problem
