# SPDX-License-Identifier: Apache-2.0
"""The page of settings: those of the server from their class, those of the command line by hand."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from steelyard.platform.settings import Settings

HEAD = """\
# Settings

## Server

`steelyard serve` and `steelyard worker` read these environment variables. A variable that is empty
counts as not set; one that cannot be used stops the start, and the message names it.

| variable | default | meaning |
|---|---|---|
"""
COMMAND_LINE = """
The key of the server is `key.pem` in its data directory unless `STEELYARD_KEY` names another file.

## Command line

The command line reads these environment variables.

| variable | default | meaning |
|---|---|---|
| `STEELYARD_KEY` | `$XDG_DATA_HOME/steelyard/key.pem`, else `~/.local/share/steelyard/key.pem` | the Ed25519 key that signs decisions; created on first use, readable by its owner only |
| `STEELYARD_LEDGER` | `$XDG_DATA_HOME/steelyard/ledger`, else `~/.local/share/steelyard/ledger` | the directory of the ledger |
| `STEELYARD_URL`, `STEELYARD_TOKEN` | what `steelyard login` stored | the server that commands speak to, and the API token; used where both are set |
| `XDG_CONFIG_HOME` | `~/.config` | `steelyard login` keeps the server and the token in `steelyard/profile.json` below it |
| `STEELYARD_DEBUG` | not set | show the traceback of an internal error |
| `XDG_CACHE_HOME` | `~/.cache` | fetched packages and hub revisions are kept below it |
| `HF_ENDPOINT`, `HF_TOKEN` | the public hub, none | where `hf:` references are fetched from, and as whom; read by the Hub's client |
| `NO_COLOR`, `TERM` | not set | a `NO_COLOR` that is not empty, or `TERM=dumb`, prints without colors |

`make demo`, `make test` and `steelyard demo` use pip, which reads its own settings (`PIP_INDEX_URL`
and others). The width of the terminal can be set with `COLUMNS`.

Two more names mean something to the tests: `STEELYARD_SHARED` is a folder of additional corpora to
measure against, and `STEELYARD_REQUIRE=chromium` turns the skipping of browser tests into a failure.
"""


def settings_page() -> str:
    """Return the page."""
    rows = [_row(name, field) for name, field in Settings.model_fields.items()]
    return HEAD + "".join(rows) + COMMAND_LINE


def _row(name: str, field: FieldInfo) -> str:
    words = get_args(field.annotation)
    meaning = field.description or ""
    if words and all(isinstance(word, str) for word in words):
        meaning += f" One of {', '.join(f'`{word}`' for word in words)}."
    return f"| `STEELYARD_{name.upper()}` | {_default(field.default)} | {meaning} |\n"


def _default(value: Any) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value in ("", None):
        return "none"
    return "no" if value is False else f"`{value}`"
