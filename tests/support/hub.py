"""A Hugging Face hub with one repository, for tests of the download."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.http_server import Answer, Request, http_server


@dataclass
class Hub:
    """A hub with one repository; `requested` are the files that were downloaded."""

    model_id: str
    revision: str
    folder: Path
    url: str = ""
    requested: list[str] = field(default_factory=list)

    def info(self) -> dict[str, object]:
        """Return what the hub says of the repository."""
        siblings = [{"rfilename": path.name} for path in sorted(self.folder.iterdir())]
        return {"id": self.model_id, "modelId": self.model_id, "sha": self.revision, "siblings": siblings}

    def tree(self) -> list[dict[str, object]]:
        """Return the hub's list of files."""
        return [
            {"type": "file", "path": path.name, "size": path.stat().st_size, "oid": digest(path)}
            for path in sorted(self.folder.iterdir())
        ]


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def serve_hub(model_id: str, revision: str, folder: Path) -> Iterator[Hub]:
    """Serve `folder` as the repository `model_id`."""
    hub = Hub(model_id, revision, folder)

    def answer(request: Request) -> Answer:
        headers = {"X-Repo-Commit": hub.revision}
        parts = request.path.partition("?")[0].strip("/").split("/")
        if request.path.startswith(f"/api/models/{hub.model_id}/tree/"):
            return 200, json.dumps(hub.tree()).encode(), headers
        if request.path.startswith(f"/api/models/{hub.model_id}"):
            return 200, json.dumps(hub.info()).encode(), headers
        if "/".join(parts[:2]) == hub.model_id and (path := hub.folder / parts[-1]).is_file():
            if request.method == "GET":
                hub.requested.append(parts[-1])
            return 200, path.read_bytes(), {**headers, "ETag": f'"{digest(path)}"'}
        return 404, b"", {**headers, "X-Error-Code": "RepoNotFound"}

    with http_server(answer) as hub.url:
        yield hub
