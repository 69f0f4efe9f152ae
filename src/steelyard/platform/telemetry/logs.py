# SPDX-License-Identifier: Apache-2.0
"""Log lines: JSON for machines or columns for people, with the ids of what they are about.

Lines of libraries take the same way. Values under names of secrets, addresses of mail and bearer
tokens are struck out wherever they stand, whoever wrote the line.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import Any, TextIO

import structlog

_STRUCK = "[struck out]"
_SECRET_NAME = re.compile(r"(?i)pass|secret|token(?!_id)|authorization|cookie|api_?key|signature")
_SECRET = re.compile(
    r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"  # credentials of a call
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}"  # addresses of mail
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # credentials in a URL
)


def strike_secrets(_logger: Any, _method: str, line: Any) -> Any:
    """Take secrets and addresses of mail out of a line."""
    for name, value in line.items():
        if _SECRET_NAME.search(name):
            line[name] = _STRUCK
        elif isinstance(value, str):
            line[name] = _SECRET.sub(_STRUCK, value)
        elif isinstance(value, dict):
            line[name] = strike_secrets(None, "", dict(value))
    return line


def configure(form: str, level: str, stream: TextIO | None = None) -> None:
    """Send the log to ``stream``, else to standard error.

    ``form`` is ``json``, ``console`` or ``auto``.
    """
    stream = stream or sys.stderr
    if form == "auto":
        form = "console" if stream.isatty() else "json"
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        strike_secrets,
    ]
    render: Any = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty())
        if form == "console"
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for quiet in ("uvicorn.access", "procrastinate", "botocore", "httpx2"):
        logging.getLogger(quiet).setLevel(logging.WARNING)
