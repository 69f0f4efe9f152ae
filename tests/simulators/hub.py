# SPDX-License-Identifier: Apache-2.0
"""A model hub on this machine that the real client believes: metadata, tree, files, refusals."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"


class Hub(ThreadingHTTPServer):
    """Serves one repository at one commit; ``refuse`` makes it answer every request with that.

    ``commit``, ``files`` and ``says`` may be changed while it runs: a push, a license, a gate.
    """

    daemon_threads = True

    def __init__(self, repository: str, files: Mapping[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repository = repository
        self.files = dict(files)
        self.commit = COMMIT
        self.says: dict[str, Any] = {"cardData": {"license": "apache-2.0"}, "gated": False}
        self.refuse: tuple[int, str] | None = None
        self.refuse_headers: dict[str, str] = {}
        self.pause = 0.0
        """Seconds between two pieces of a file."""
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
            headers = {"X-Error-Code": code, "X-Error-Message": "Not for you", **hub.refuse_headers}
            return self._send(status, b"{}", headers, body)
        api = f"/api/models/{hub.repository}"
        if path in (api, f"{api}/revision/main", f"{api}/revision/{hub.commit}"):
            return self._about(hub, body)
        if path.startswith(f"{api}/revision/"):
            return self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"}, body)
        if path.startswith(f"{api}/tree/"):
            return self._json([self._entry(name, data) for name, data in hub.files.items()], body)
        prefix = f"/{hub.repository}/resolve/{hub.commit}/"
        data = hub.files.get(path.removeprefix(prefix)) if path.startswith(prefix) else None
        if data is None:
            return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"}, body)
        headers = {"X-Repo-Commit": hub.commit, "ETag": f'"{_digest(data)}"'}
        return self._send(200, data, headers, body)

    def _about(self, hub: Hub, body: bool) -> None:
        names = [{"rfilename": name} for name in hub.files]
        said = {"id": hub.repository, "sha": hub.commit, "siblings": names, **hub.says}
        data = json.dumps(said).encode()
        tag = f'W/"{_digest(data)}"'
        if self.headers.get("If-None-Match") == tag:
            return self._send(304, b"", {"ETag": tag}, False)
        return self._send(200, data, {"Content-Type": "application/json", "ETag": tag}, body)

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
        if body and not self.server.pause:
            self.wfile.write(data)
        elif body:
            for start in range(0, len(data), 1 << 16):
                time.sleep(self.server.pause)
                self.wfile.write(data[start : start + (1 << 16)])


def _digest(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
