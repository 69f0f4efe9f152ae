# SPDX-License-Identifier: Apache-2.0
"""A model hub on this machine that the real client believes: metadata, tree, files, refusals."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"


class Hub(ThreadingHTTPServer):
    """Serves one repository at one commit; ``refuse`` makes it answer every request with that."""

    daemon_threads = True

    def __init__(self, repository: str, files: Mapping[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repository = repository
        self.files = dict(files)
        self.refuse: tuple[int, str] | None = None
        self.requests: list[str] = []

    @property
    def url(self) -> str:
        """Base address, for ``HF_ENDPOINT``."""
        return f"http://127.0.0.1:{self.server_port}"


@contextlib.contextmanager
def serving(repository: str, files: Mapping[str, bytes]) -> Iterator[Hub]:
    """Run a hub for the length of a ``with`` block."""
    with Hub(repository, files) as hub:
        thread = threading.Thread(target=hub.serve_forever, daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            hub.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass

    def _answer(self, *, body: bool) -> None:
        hub = self.server
        path = self.path.partition("?")[0]
        hub.requests.append(f"{self.command} {path}")
        if hub.refuse is not None:
            status, code = hub.refuse
            headers = {"X-Error-Code": code, "X-Error-Message": "Not for you"}
            return self._send(status, b"{}", headers, body)
        api = f"/api/models/{hub.repository}"
        if path in (f"{api}/revision/main", f"{api}/revision/{COMMIT}"):
            names = [{"rfilename": name} for name in hub.files]
            return self._json({"id": hub.repository, "sha": COMMIT, "siblings": names}, body)
        if path.startswith(f"{api}/revision/"):
            return self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"}, body)
        if path.startswith(f"{api}/tree/"):
            return self._json([self._entry(name, data) for name, data in hub.files.items()], body)
        prefix = f"/{hub.repository}/resolve/{COMMIT}/"
        data = hub.files.get(path.removeprefix(prefix)) if path.startswith(prefix) else None
        if data is None:
            return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"}, body)
        return self._send(200, data, {"X-Repo-Commit": COMMIT, "ETag": f'"{_digest(data)}"'}, body)

    @staticmethod
    def _entry(name: str, data: bytes) -> dict[str, Any]:
        return {"type": "file", "path": name, "size": len(data), "oid": _digest(data)}

    def _json(self, value: Any, body: bool) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"}, body)

    def _send(self, status: int, data: bytes, headers: Mapping[str, str], body: bool) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data)


def _digest(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
