# SPDX-License-Identifier: Apache-2.0
"""The drawn signs: paths in a 16 by 16 box with a stroke of the text's color and no fill."""

from __future__ import annotations

from typing import Final

ICONS: Final = {
    "check": "M3 8.5l3.2 3.2L13 4.8",
    "cross": "M4 4l8 8M12 4l-8 8",
    "diamond": "M8 2.2L13.8 8 8 13.8 2.2 8z",
    "hourglass": (
        "M4 2.5h8M4 13.5h8M5 2.5c0 3 6 3 6 5.5s-6 2.5-6 5.5M11 2.5c0 3-6 3-6 5.5s6 2.5 6 5.5"
    ),
    "info": "M8 7.2v4.3M8 4.4v.2",
    "question": "M5.6 6a2.4 2.4 0 1 1 3.6 2.1C8.3 8.6 8 9 8 9.8M8 12v.2",
    "dash": "M3.5 8h9",
    "warning": "M8 2.5l6 11H2zM8 6.5v3.2M8 11.6v.2",
}
"""Signs of states. ``info`` stands in a circle of radius 6.6."""

KINDS: Final = {
    "model": "M8 1.8l5.6 3.1v6.2L8 14.2l-5.6-3.1V4.9zM2.4 4.9L8 8l5.6-3.1M8 8v6.2",
    "adapter": "M5.5 2v4M10.5 2v4M3.5 6h9v2.5a4.5 4.5 0 0 1-9 0zM8 13v2",
    "merge": "M3 2.5v3c0 3 5 2.5 5 5.5v3M13 2.5v3c0 3-5 2.5-5 5.5",
    "quantisation": "M2.5 2.5h11v11h-11zM2.5 8h11M8 2.5v11",
    "distillation": "M6 2h4M6.8 2v4L3 12.5c-.6 1 0 1.5 1 1.5h8c1 0 1.6-.5 1-1.5L9.2 6V2M5 10h6",
    "dataset": (
        "M2.5 4c0-1.2 2.5-2 5.5-2s5.5.8 5.5 2-2.5 2-5.5 2-5.5-.8-5.5-2zM2.5 4v8c0 1.2 "
        "2.5 2 5.5 2s5.5-.8 5.5-2V4M2.5 8c0 1.2 2.5 2 5.5 2s5.5-.8 5.5-2"
    ),
    "code": "M5.5 4.5L2 8l3.5 3.5M10.5 4.5L14 8l-3.5 3.5M9 3L7 13",
    "more": "M3 8v.2M8 8v.2M13 8v.2",
}
"""Signs of kinds of nodes in a lineage."""
