"""`scripts/test-clip.sh` explains errors. Its successful output is tested in test_run.py."""

import pytest

from tests.support.programs import completed
from tools.server_process import free_port


@pytest.mark.parametrize(
    ("image", "code", "message"),
    [("events/cat.jpg", 1, "no answer from"), ("no-such.jpg", 2, "cannot read no-such.jpg")],
)
def test_error_is_one_line(image: str, code: int, message: str) -> None:
    result = completed("scripts/test-clip.sh", image, f"http://127.0.0.1:{free_port()}")
    assert result.returncode == code
    assert f"test-clip.sh: {message}" in result.stderr
