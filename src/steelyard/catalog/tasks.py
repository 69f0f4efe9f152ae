# SPDX-License-Identifier: Apache-2.0
"""What goes in or comes out of a model, by the task its card names."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources


@cache
def _by_task() -> dict[str, tuple[str, ...]]:
    text = resources.files(__package__).joinpath("data/tasks.toml").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for modality, tasks in tomllib.loads(text)["modalities"].items():
        for task in tasks:
            found.setdefault(task, []).append(modality)
    return {task: tuple(modalities) for task, modalities in found.items()}


def modalities_of(task: str) -> tuple[str, ...] | None:
    """Return the modalities of a task, or None for one that is not known."""
    return _by_task().get(task)
