"""A Hugging Face hub with one repository, for tests of the download."""

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


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
    served = Hub(model_id, revision, folder)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = self.path.partition("?")[0].strip("/").split("/")
            content, etag = b"", ""
            if self.path.startswith(f"/api/models/{served.model_id}/tree/"):
                content = json.dumps(served.tree()).encode()
            elif self.path.startswith(f"/api/models/{served.model_id}"):
                content = json.dumps(served.info()).encode()
            elif "/".join(parts[:2]) == served.model_id and (path := served.folder / parts[-1]).is_file():
                content, etag = path.read_bytes(), digest(path)
                if self.command == "GET":
                    served.requested.append(parts[-1])
            self.send_response(200 if content else 404)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("X-Repo-Commit", served.revision)
            self.send_header("ETag", f'"{etag}"')
            if not content:
                self.send_header("X-Error-Code", "RepoNotFound")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield served
    server.shutdown()
    server.server_close()
