# SPDX-License-Identifier: Apache-2.0
"""Asks one other scanner about many files; run by that scanner's own Python.

``python peer_driver.py NAME`` reads paths from standard input, one a line, and writes a JSON line
for each: path and verdict (``detected``, ``warning``, ``nothing`` or ``error``). Every file is
examined in a fork of a process that has only imported the scanner, with a time limit. What counts
as detected is what the scanner itself would stop a build for.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

SECONDS = 60
_MEMORY = 9 * 1024**3
Ask = Callable[[str], str]


def picklescan() -> Ask:
    """An issue is a dangerous global, a warning a suspicious one."""
    from picklescan.scanner import scan_file_path

    def ask(path: str) -> str:
        result = scan_file_path(path)
        if result.issues_count:
            return "detected"
        if result.suspicious_count:
            return "warning"
        return "error" if result.scan_err else "nothing"

    return ask


def fickling() -> Ask:
    """Likely unsafe and worse is detected; zips are read as archives."""
    import zipfile

    from fickling.analysis import Severity
    from fickling.loader import scan_file, scan_zip_archive

    def ask(path: str) -> str:
        if zipfile.is_zipfile(path):
            found = scan_zip_archive(path, graceful=True)
        else:
            found = scan_file(path, graceful=True)
        results: list[Any] = list(found.values()) if isinstance(found, dict) else [found]
        worst = max((item.severity for item in results), default=Severity.LIKELY_SAFE)
        if worst >= Severity.LIKELY_UNSAFE:
            return "detected"
        return "warning" if worst > Severity.LIKELY_SAFE else "nothing"

    return ask


def modelscan() -> Ask:
    """Critical and high is detected, the rest a warning."""
    from modelscan.modelscan import ModelScan

    def ask(path: str) -> str:
        results = ModelScan().scan(path)
        levels = results["summary"]["total_issues_by_severity"]
        if levels["CRITICAL"] or levels["HIGH"]:
            return "detected"
        if results["summary"]["total_issues"]:
            return "warning"
        return "error" if results["errors"] else "nothing"

    return ask


def _by_command(words: list[str], levels: tuple[str, ...], warnings: tuple[str, ...]) -> Ask:
    def ask(path: str) -> str:
        done = subprocess.run([*words, path], capture_output=True)
        try:
            document = json.loads(done.stdout)
        except ValueError:
            return "error"
        found = {str(item.get("severity")).lower() for item in _issues(document)}
        if found & set(levels):
            return "detected"
        return "warning" if found & set(warnings) else "nothing"

    return ask


def _issues(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [*document.get("findings", []), *document.get("issues", [])]


def hayward() -> Ask:
    """Critical and high is detected, medium and low a warning."""
    program = str(Path(sys.executable).with_name("hayward"))
    return _by_command(
        [program, "scan", "--format", "json"], ("critical", "high"), ("medium", "low")
    )


def modelaudit() -> Ask:
    """Critical is detected; each file in a fresh process, because earlier files change answers."""
    program = str(Path(sys.executable).with_name("modelaudit"))
    os.environ["PROMPTFOO_DISABLE_TELEMETRY"] = "1"
    os.environ["NO_ANALYTICS"] = "1"
    return _by_command(
        [program, "scan", "--format", "json", "--no-cache"], ("critical",), ("warning",)
    )


PEERS: dict[str, Callable[[], Ask]] = {
    "picklescan": picklescan,
    "fickling": fickling,
    "modelscan": modelscan,
    "hayward": hayward,
    "modelaudit": modelaudit,
}


def examine(ask: Ask, path: str) -> str:
    """Return the verdict about one file, from a forked child."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        signal.alarm(SECONDS)
        try:
            answer = ask(path)
        except BaseException:
            answer = "error"
        os.write(write, answer.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        answer = pipe.read().decode()
    os.waitpid(child, 0)
    return answer or "error"


def main() -> None:
    """Answer about every path."""
    os.chdir(tempfile.gettempdir())  # some leave files behind where they are started
    ask = PEERS[sys.argv[1]]()
    for line in sys.stdin:
        path = line.rstrip("\n")
        print(json.dumps({"path": path, "verdict": examine(ask, path)}), flush=True)


if __name__ == "__main__":
    main()
