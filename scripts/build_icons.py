# SPDX-License-Identifier: Apache-2.0
"""Put the signs the pages use into one sprite: ``build_icons.py FOLDER`` of Tabler's outlines.

Signs of states are drawn in ``steelyard/reporting/icons.py``, so that pages and reports show the
same ones. The rest are from Tabler Icons (MIT), unpacked from their package into FOLDER.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from steelyard.reporting.icons import ICONS, KINDS

TABLER = {
    "home": "home", "inbox": "inbox", "gavel": "gavel", "checklist": "checklist", "clock": "clock",
    "box": "box", "briefcase": "briefcase", "building": "building", "paperclip": "paperclip",
    "stamp": "rubber-stamp", "shield-off": "shield-off", "siren": "urgent", "flame": "flame",
    "book": "book", "sliders": "adjustments", "link": "link", "users": "users",
    "sitemap": "sitemap", "robot": "robot", "webhook": "webhook", "key": "key",
    "activity": "activity", "search": "search", "bell": "bell", "user": "user",
    "logout": "logout", "sun": "sun", "moon": "moon", "screen": "device-desktop",
    "language": "language", "menu": "menu-2", "close": "x", "plus": "plus",
    "download": "download", "upload": "upload", "copy": "copy", "outside": "external-link",
    "right": "chevron-right", "down": "chevron-down", "left": "chevron-left",
    "forward": "arrow-right", "up": "arrow-up", "lower": "arrow-down", "filter": "filter",
    "columns": "columns-3", "star": "star", "history": "history", "message": "message",
    "eye": "eye", "print": "printer", "refresh": "refresh", "lock": "lock",
    "shield": "shield-check", "file": "file-text", "compare": "git-compare",
    "branch": "git-branch", "scale": "scale", "keyboard": "keyboard", "help": "help-circle",
    "trash": "trash", "pencil": "pencil", "send": "send", "pause": "player-pause", "dots": "dots",
    "calendar": "calendar", "certificate": "certificate", "world": "world",
    "ascending": "sort-ascending", "descending": "sort-descending",
}  # fmt: skip
"""Our word → Tabler's name."""
TARGET = Path(__file__).parents[1] / "src/steelyard/ui/static/icons.svg"
STROKE = 'fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"'


def sprite(folder: Path) -> str:
    """Return the sprite."""
    found = ['<svg xmlns="http://www.w3.org/2000/svg">']
    for name, path in {**ICONS, **{f"kind-{kind}": path for kind, path in KINDS.items()}}.items():
        ring = '<circle cx="8" cy="8" r="6.6"/>' if name == "info" else ""
        found.append(
            f'<symbol id="{name}" viewBox="0 0 16 16" {STROKE} stroke-width="1.6">'
            f'{ring}<path d="{path}"/></symbol>'
        )
    for name, file in TABLER.items():
        text = (folder / f"{file}.svg").read_text("utf-8")
        inner = re.sub(r"\s+", " ", text[text.index(">") + 1 : text.rindex("</svg>")]).strip()
        found.append(
            f'<symbol id="{name}" viewBox="0 0 24 24" {STROKE} stroke-width="1.75">{inner}</symbol>'
        )
    return "\n".join([*found, "</svg>"]) + "\n"


if __name__ == "__main__":
    TARGET.write_text(sprite(Path(sys.argv[1])), "utf-8")
