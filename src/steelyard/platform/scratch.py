# SPDX-License-Identifier: Apache-2.0
"""Directories for work in progress that only the server's user may read.

What is made here is deleted when the work ends. A process that is killed cannot do so; what it left
behind is deleted by whoever comes later.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from steelyard.platform.durable import make_directory

KEPT_SECONDS = 2 * 24 * 3600
"""How old leftovers must be: no work takes that long."""


@contextmanager
def scratch(root: Path, prefix: str) -> Iterator[Path]:
    """Yield an empty directory below ``root`` and delete it with all that came into it."""
    make_directory(root, 0o700)
    forget_leftovers(root)
    with TemporaryDirectory(dir=root, prefix=f"{prefix}-", ignore_cleanup_errors=True) as directory:
        yield Path(directory)


def forget_leftovers(root: Path, older: float = KEPT_SECONDS) -> int:
    """Delete what processes that died left below ``root``; return how much there was."""
    last = time.time() - older
    forgotten = 0
    for entry in root.iterdir():
        with contextlib.suppress(OSError):  # somebody else deletes it, too
            if entry.lstat().st_mtime < last:
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()
                forgotten += 1
    return forgotten
