"""`make run` falls back to the demo model if the hub cannot be reached, unless MODEL_ID is set."""

from pathlib import Path

from tests.support.programs import MODEL, ROOT, completed, run
from tools.server_process import free_port, serving

# Nothing listens on port 9: the hub cannot be reached.
NO_HUB = {"HF_ENDPOINT": "http://127.0.0.1:9"}


def test_warns_and_serves_the_demo_model_without_the_hub(demo_model: Path, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "run.log"
    environment = {**NO_HUB, "PORT": str(port), "MODEL_ID": "", "MODEL_DIR": str(demo_model)}
    with serving("scripts/run.sh", port=port, log=log, environment=environment) as client:
        assert client.get("/health").json()["model"] == MODEL
        assert client.post("/tag", files={"file": (ROOT / "events/cat.jpg").read_bytes()}).status_code == 200
        best, *_ = run("scripts/test-clip.sh", "", str(client.base_url)).splitlines()
        refused = completed("scripts/test-clip.sh", "LICENSE", str(client.base_url))
    assert best.split()[1:] == ["cat", "(pet)"]
    assert (refused.returncode, "415" in refused.stderr) == (1, True)
    assert f"!! The model hub cannot be reached: this serves the small model {MODEL}" in log.read_text()
    assert "Application shutdown complete" in log.read_text()


def test_fails_without_fallback_if_the_requested_model_is_unreachable(tmp_path: Path) -> None:
    environment = {**NO_HUB, "MODEL_ID": "somebody/clip", "MODEL_DIR": str(tmp_path / "model")}
    result = completed("scripts/run.sh", environment=environment)
    assert result.returncode == 3
    assert "cannot reach the Hugging Face hub for somebody/clip" in result.stderr
    assert not (tmp_path / "model").exists()
