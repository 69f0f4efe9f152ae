# SPDX-License-Identifier: Apache-2.0
"""The demonstration's models and use cases, as data.

Five real models that ship inside public Python packages, each pinned by version and SHA-256, with
the layout that makes them look like the repository they came from; and two use cases to weigh them
for.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

import msgspec
from msgspec import Struct

USE_CASES = ("internal-pilot", "public-product")


class PinnedPackage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model inside a wheel pinned by content.

    ``layout`` maps the path we give a file to the name of the wheel's member, ``manifest`` is the
    digest of the manifest those files have; ``why`` says in one sentence what this model shows.
    """

    model: str
    package: str
    version: str
    filename: str
    sha256: str
    manifest: str
    why: str
    layout: dict[str, str]

    @property
    def purl(self) -> str:
        """Package URL of the model, down to the bytes its layout has to give."""
        return f"pkg:pypi/{self.package}@{self.version}?checksum=sha256:{self.manifest}"


def demo_models() -> list[PinnedPackage]:
    """Return the demonstration's models in the order they are shown."""
    data = tomllib.loads(_text("models.toml"))
    return msgspec.convert(data["models"], list[PinnedPackage])


def organization() -> dict[str, Any]:
    """Return the organization that demonstrations of the server are about, which is invented."""
    return tomllib.loads(_text("organization.toml"))


def use_case_text(name: str) -> str:
    """Return the YAML text of one of :data:`USE_CASES`."""
    return _text(f"{name}.yaml")


def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
