# SPDX-License-Identifier: Apache-2.0
"""A git repository that is written to with git itself."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


class Repository:
    """A repository that is written to with git itself."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.git("init", "-q", "-b", "main")
        self.time = 1_700_000_000

    def git(self, *words: str, stdin: bytes = b"", **env: str) -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.path),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ann",
            "GIT_AUTHOR_EMAIL": "ann@x",
            "GIT_COMMITTER_NAME": "Ann",
            "GIT_COMMITTER_EMAIL": "ann@x",
        } | env
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *words],
            cwd=self.path,
            env=environment,
            input=stdin,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().strip()

    def commit(self, message: str, who: str = "Ann", days: int = 1, **files: str | None) -> str:
        for name, text in files.items():
            place = self.path / name.replace("__", ".")
            if text is None:
                place.unlink()
            else:
                place.write_text(text, encoding="utf-8")
        self.git("add", "-A")
        self.time += days * 86_400
        stamp = f"{self.time} +0000"
        names = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER")
                 for what, value in (("NAME", who), ("EMAIL", f"{who.lower()}@x"),
                                     ("DATE", stamp))}  # fmt: skip
        self.git("commit", "-q", "--allow-empty", "-F", "-", stdin=message.encode(), **names)
        return self.git("rev-parse", "HEAD")
