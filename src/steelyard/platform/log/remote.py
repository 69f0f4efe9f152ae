# SPDX-License-Identifier: Apache-2.0
"""Reads the ledger of a running server over HTTP, for verification from outside.

With a token everything is read; without one, what the operator published. The checkpoint is read
last of what is small, and the tiles for its size, so that a ledger that grows meanwhile is whole.
"""

from __future__ import annotations

import msgspec
import urllib3

from steelyard.kernel.errors import InputError, IntegrityError, UnavailableError
from steelyard.ledger.bundle import CHECKPOINT, KEY
from steelyard.ledger.checkpoint import parse_checkpoint
from steelyard.ledger.tiles import all_tiles, parse_path
from steelyard.platform.durable import MAX_FILE

_TIMEOUT = urllib3.Timeout(connect=10, read=60)


class RemoteLedger:
    """The ledger at ``url``, the address of a server; ``token`` is an API token or empty."""

    def __init__(self, url: str, token: str = "") -> None:
        door = "files" if token else "public"
        self._base = f"{url.rstrip('/')}/api/v1/ledger/{door}"
        self._pool = urllib3.PoolManager(
            headers={"authorization": f"Bearer {token}"} if token else {},
            retries=urllib3.Retry(3, backoff_factor=0.2, redirect=0, status_forcelist=(502, 503)),
            timeout=_TIMEOUT,
        )
        self._kept: dict[str, bytes] = {}
        names = [KEY]
        if token:
            listed = self._get("")
            try:
                names = [
                    name
                    for name in msgspec.json.decode(listed, type=list[str])
                    if parse_path(name) is None and name != CHECKPOINT
                ]
            except msgspec.DecodeError as error:
                raise _strange(self._base) from error
        for name in (*names, CHECKPOINT):
            self._kept[name] = self._get(f"/{name}")
        try:
            size = parse_checkpoint(self._kept[CHECKPOINT]).head.size
        except IntegrityError:
            size = 0
        self.names = [*names, CHECKPOINT, *(tile.path for tile in all_tiles(size))]

    def read(self, name: str) -> bytes:
        """Return the bytes of one file.

        Raises:
            InputError: the server does not have it, or does not let us.
            UnavailableError: the server cannot be reached.
        """
        known = self._kept.get(name)
        return self._get(f"/{name}") if known is None else known

    def _get(self, path: str) -> bytes:
        url = self._base + path
        try:
            answer = self._pool.request("GET", url, preload_content=False)
            data = answer.read(MAX_FILE + 1)
            answer.release_conn()
        except urllib3.exceptions.HTTPError as error:
            raise UnavailableError(
                f"The server at {self._base} cannot be reached.",
                next_step="Check the address, and try again.",
                code="server.unreachable",
            ) from error
        if answer.status in (401, 403, 404):
            raise InputError(
                f"The server does not hand out {url} (status {answer.status}).",
                next_step="Give a token that may read the ledger (STEELYARD_TOKEN), or ask the "
                "operator to publish it.",
                code="server.refused",
            )
        if answer.status != 200 or len(data) > MAX_FILE:
            raise _strange(url)
        return data


def _strange(url: str) -> InputError:
    return InputError(
        f"What answers at {url} is not a Steelyard server.",
        next_step="Give the address the server is reached by, such as https://host.",
        code="server.strange",
    )
