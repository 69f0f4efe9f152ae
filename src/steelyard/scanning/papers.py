# SPDX-License-Identifier: Apache-2.0
"""Reads the papers of a model inside the sandbox: license texts, cards, configurations, metadata.

The engines that understand them are imported only when such a file is there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from steelyard.artifacts.source import Source
from steelyard.kernel.card import ModelCard, ModelConfig, PackageMetadata
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.inspection import FilePapers, Task
from steelyard.kernel.license import DeclaredLicense, LicenseFile, LicenseVerdict
from steelyard.kernel.limits import Limits

_CARD = re.compile(r"(?i)\A(?:readme|model_?card)(?:[._-].*)?\.(?:md|markdown)\Z")

_README = re.compile(r"(?i)\A(?:readme|model_?card)(?:[._-].*)?(?:\.(?:md|markdown|rst|txt))?\Z")
_SOURCES = (".py", ".pyi", ".c", ".cc", ".cpp", ".cu", ".h", ".hpp", ".js", ".ts", ".rs", ".go",
            ".java", ".sh", ".jl", ".R")  # fmt: skip
_SOURCE_HEAD = 64 * 1024
"""Bytes of a source file in which its header may be."""
_PROJECTS = frozenset({"pyproject.toml", "setup.cfg", "package.json", "CITATION.cff"})
_MODELS = (".gguf", ".safetensors")


class Papers(Struct):
    """Collects what one file says as a paper of the model."""

    cards: list[ModelCard] = field(default_factory=list)
    configs: list[ModelConfig] = field(default_factory=list)
    packages: list[PackageMetadata] = field(default_factory=list)
    license_files: list[LicenseFile] = field(default_factory=list)
    declared: list[DeclaredLicense] = field(default_factory=list)

    def found(self) -> FilePapers | None:
        """Return what was read, or None if there was nothing to read."""
        if not (self.cards or self.configs or self.packages or self.license_files or self.declared):
            return None
        return FilePapers(
            cards=tuple(self.cards),
            configs=tuple(self.configs),
            packages=tuple(self.packages),
            license_files=tuple(self.license_files),
            declared=tuple(self.declared),
        )

    def read(
        self, path: str, source: Source, tasks: tuple[Task, ...], limits: Limits, *, alone: bool
    ) -> str:
        """Read one file for what it may be; return a sentence if it could not be read.

        ``alone``: the file was named by the user as the one to judge, so it is a license text
        whatever its name.
        """
        name = path.rpartition("/")[2]
        kinds = _kinds(name, path, tasks, alone=alone)
        if not kinds:
            return ""
        try:
            if kinds == ["model"]:
                self._read_model(path, source, limits)
                return ""
            most = _SOURCE_HEAD if kinds == ["source"] else limits.text_bytes
            data = source.read_at(0, min(source.size, most))
            text = _decoded(data)
            for kind in kinds:
                self._read_as(kind, path, text)
        except ArtifactError as error:
            return f"its text could not be read: {error.message}"
        if kinds != ["source"] and source.size > limits.text_bytes:
            return f"only the first {limits.text_bytes} bytes of its text were read"
        return ""

    def _read_as(self, kind: str, path: str, text: str) -> None:
        if kind == "license":
            from steelyard.licensing.detect import detect_text

            found = detect_text(path, text)
            self.license_files.append(found)
            if found.verdict in (LicenseVerdict.NONE, LicenseVerdict.UNKNOWN):
                from steelyard.licensing.headers import read_statements

                self.declared += read_statements(path, text)
        elif kind == "source":
            from steelyard.licensing.headers import read_source

            self.declared += read_source(path, text)
        elif kind == "project":
            from steelyard.licensing.declarations import read_project

            self.declared += read_project(path, text)
        elif kind == "section":
            from steelyard.licensing.declarations import read_license_section

            declared, section = read_license_section(path, text)
            self.declared += declared
            if section is not None:
                self.license_files.append(section)
        elif kind == "card":
            from steelyard.provenance.card import read_card

            card, declared = read_card(path, text)
            self.cards.append(card)
            self.declared += declared
        elif kind == "config":
            from steelyard.provenance.config import read_config

            config = read_config(path, text)
            if config is not None:
                self.configs.append(config)
        else:
            from steelyard.provenance.package import read_package

            package, declared = read_package(path, text)
            self.packages.append(package)
            self.declared += declared

    def _read_model(self, path: str, source: Source, limits: Limits) -> None:
        """Read the license a model file's own metadata names."""
        from steelyard.licensing.declarations import read_metadata

        metadata: Mapping[str, Any]
        if path.endswith(".gguf"):
            from steelyard.artifacts.gguf import read_gguf

            metadata = read_gguf(source, limits).metadata
        else:
            from steelyard.artifacts.safetensors import read_safetensors

            metadata = read_safetensors(source, limits).metadata
        self.declared += read_metadata(path, metadata)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        from steelyard.licensing.decode import decode

        return decode(data)


def _kinds(name: str, path: str, tasks: tuple[Task, ...], *, alone: bool) -> list[str]:
    kinds = [_license_kind(name, path, alone=alone)] if "license" in tasks else []
    if "card" in tasks:
        kinds.append(_card_kind(name, path))
    return [kind for kind in kinds if kind]


def _license_kind(name: str, path: str, *, alone: bool) -> str:
    """Return where in a file its license may be read."""
    if name.endswith(_MODELS):
        return "model"
    from steelyard.licensing.detect import is_license_path

    if alone or is_license_path(path):
        return "license"
    if name.endswith(_SOURCES):
        return "source"
    if name in _PROJECTS:
        return "project"
    return "section" if _README.match(name) else ""


def _card_kind(name: str, path: str) -> str:
    if _CARD.match(name):
        return "card"
    if name.endswith(".json"):
        from steelyard.provenance.config import is_config_path

        return "config" if is_config_path(path) else ""
    if name in ("METADATA", "PKG-INFO"):
        from steelyard.provenance.package import is_package_path

        return "package" if is_package_path(path) else ""
    return ""
