# SPDX-License-Identifier: Apache-2.0
"""Playbooks as data: what to do in the first hour and after, and when it is over."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

import msgspec
from msgspec import Struct


class Playbook(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done when one thing happens."""

    id: str
    title: str
    trigger: str
    first_hour: tuple[str, ...]
    then: tuple[str, ...]
    roles: tuple[str, ...]
    evidence: tuple[str, ...]
    """What must be kept."""
    duties: tuple[str, ...]
    """Ids of duties to check first."""
    controls: tuple[str, ...]
    """Ids of the controls that prevent it or help with it."""
    closed_when: str


class PlaybookCatalog(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All playbooks and where they come from."""

    source: str
    as_of: str
    confidence: str
    playbooks: tuple[Playbook, ...]


@cache
def playbook_catalog() -> PlaybookCatalog:
    """Return all playbooks with their origin."""
    text = resources.files("steelyard.catalog").joinpath("data/playbooks.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), PlaybookCatalog)


@cache
def playbooks() -> dict[str, Playbook]:
    """Return all playbooks by id."""
    return {playbook.id: playbook for playbook in playbook_catalog().playbooks}
