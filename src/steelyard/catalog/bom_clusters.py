# SPDX-License-Identifier: Apache-2.0
"""The clusters of the G7 "SBOM for AI", and which fields of our documents speak to each.

The titles are sourced (see :mod:`steelyard.catalog.frameworks`); the fields are our judgment.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

import msgspec
from msgspec import Struct

from steelyard.catalog.frameworks import FrameworkItem, find


class ClusterField(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field we write: its name and the path to it in each standard."""

    name: str
    cyclonedx: str
    spdx: str


class Cluster(Struct, frozen=True, kw_only=True):
    """One cluster: its entry in the catalog of frameworks and the fields placed in it."""

    item: FrameworkItem
    fields: tuple[ClusterField, ...]


class Clusters(Struct, frozen=True, kw_only=True):
    """All clusters in their order; ``mapping`` says whose judgment the placing is."""

    mapping: str
    clusters: tuple[Cluster, ...]


class _Listed(Struct, frozen=True, forbid_unknown_fields=True):
    reference: str
    field: tuple[ClusterField, ...]


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    mapping: str
    cluster: tuple[_Listed, ...]


@cache
def bom_clusters() -> Clusters:
    """Return the clusters as shipped."""
    path = resources.files("steelyard.catalog").joinpath("data/bom_clusters.toml")
    listed = msgspec.convert(tomllib.loads(path.read_text("utf-8")), _File)
    return Clusters(
        mapping=listed.mapping,
        clusters=tuple(
            Cluster(item=_item(cluster.reference), fields=cluster.field)
            for cluster in listed.cluster
        ),
    )


def _item(reference: str) -> FrameworkItem:
    item = find(reference)
    if item is None:
        raise LookupError(f"The catalog of frameworks has no {reference}.")
    return item
