# SPDX-License-Identifier: Apache-2.0
"""Answers that hold a secret: shown once, to whoever made it, and kept nowhere.

What a form did is remembered by its key, so that one sent twice is done once. A secret must not be
remembered with it: the second time, the browser is led to where the thing is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from starlette.responses import Response

from steelyard.platform.work import Work
from steelyard.ui.door import Form, Looking

T = TypeVar("T")


def reveal(
    viewer: Looking,
    form: Form,
    change: Callable[[Work], T],
    *,
    then: str,
    show: Callable[[T], Response],
    again: Callable[[], Response],
) -> Response:
    """Do ``change`` in one transaction and ``show`` what it made; sent again, go to ``then``."""
    made: list[T] = []

    def keep(work: Work) -> T:
        made.append(change(work))
        return made[-1]

    response = viewer.act(form, keep, then=then, again=again)
    if made and response.status_code == 303:
        return show(made[-1])
    return response
