# SPDX-License-Identifier: Apache-2.0
"""Prints one of our own pages to PDF with a Chromium that is installed here."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from steelyard.kernel.errors import InputError

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "chrome",
)
"""Commands a Chromium goes by, looked for on the path in this order."""
SECONDS = 120
"""How long printing may take."""


def find_browser() -> str | None:
    """Return the command of a Chromium on the path, or None."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def print_pdf(page: bytes) -> bytes:
    """Return ``page``, an HTML page that needs nothing else, printed as PDF.

    The page is ours and holds no script; the browser gets a profile of its own and no network.

    Raises:
        InputError: there is no Chromium, or it did not print.
    """
    browser = find_browser()
    if browser is None:
        raise InputError(
            "A PDF needs Chromium, and none is on the path.",
            next_step="Install chromium, or open the HTML page in any browser and print it: it is "
            "set for A4.",
            code="browser.missing",
        )
    with tempfile.TemporaryDirectory(prefix="steelyard-print-") as name:
        folder = Path(name)
        source, target = folder / "page.html", folder / "page.pdf"
        source.write_bytes(page)
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            "--disable-extensions",
            "--no-first-run",
            "--proxy-server=127.0.0.1:9",  # whatever asks for the network finds nothing
            f"--user-data-dir={folder / 'profile'}",
            "--no-pdf-header-footer",
            f"--print-to-pdf={target}",
            source.as_uri(),
        ]
        if os.geteuid() == 0:
            command.insert(1, "--no-sandbox")  # Chromium refuses to start for root otherwise
        try:
            done = subprocess.run(
                command, capture_output=True, timeout=SECONDS, stdin=subprocess.DEVNULL, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _failed(browser, type(error).__name__) from error
        if done.returncode != 0 or not target.is_file():
            last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise _failed(browser, last[0][:200] if last else f"exit code {done.returncode}")
        return target.read_bytes()


def _failed(browser: str, why: str) -> InputError:
    return InputError(
        f"{browser} did not print the page: {why}.",
        next_step="Open the HTML page in any browser and print it: it is set for A4.",
        code="browser.failed",
    )
