# SPDX-License-Identifier: Apache-2.0
"""Reads the papers of a model inside the sandbox: license texts, cards, configurations, metadata.

The engines that understand them are imported only when such a file is there.
"""

from __future__ import annotations

import re

import msgspec
from msgspec import Struct, field

from steelyard.artifacts.source import Source
from steelyard.kernel.card import ModelCard, ModelConfig, PackageMetadata
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.inspection import FilePapers, Task
from steelyard.kernel.license import DeclaredLicense, LicenseFile, LicenseVerdict
from steelyard.kernel.limits import Limits
from steelyard.kernel.lineage import LineagePaper
from steelyard.scanning.interface import Header

_CARD = re.compile(r"(?i)\A(?:readme|model_?card)(?:[._-].*)?\.(?:md|markdown)\Z")

_README = re.compile(r"(?i)\A(?:readme|model_?card)(?:[._-].*)?(?:\.(?:md|markdown|rst|txt))?\Z")
_SOURCES = (
    ".py", ".pyi", ".c", ".cc", ".cpp", ".cu", ".h", ".hpp", ".js", ".ts", ".rs", ".go", ".java",
    ".sh", ".jl", ".R",
)  # fmt: skip
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
    lineage: list[LineagePaper] = field(default_factory=list)

    def found(self) -> FilePapers | None:
        """Return what was read, or None if there was nothing to read."""
        if not any(getattr(self, name) for name in self.__struct_fields__):
            return None
        return FilePapers(
            cards=tuple(self.cards),
            configs=tuple(self.configs),
            packages=tuple(self.packages),
            license_files=tuple(self.license_files),
            declared=tuple(self.declared),
            lineage=tuple(self.lineage),
        )

    def read(
        self,
        path: str,
        source: Source,
        tasks: tuple[Task, ...],
        limits: Limits,
        *,
        alone: bool,
        header: Header | None = None,
    ) -> str:
        """Read one file for what it may be; return a sentence if it could not be read.

        ``alone``: the file was named by the user as the one to judge, so it is a license text
        whatever its name. ``header`` is what a scan of the same bytes has already read.
        """
        name = path.rpartition("/")[2]
        if header is not None or name.endswith(_MODELS):
            try:
                if header is None and "scan" not in tasks:
                    header = _header(source, limits)
                self._read_header(path, header, tasks)
            except ArtifactError as error:
                return f"its header could not be read: {error.message}"
        kinds = _kinds(name, path, tasks, alone=alone)
        if not kinds:
            return ""
        most = _SOURCE_HEAD if kinds == ["source"] else limits.text_bytes
        text = _decoded(source.read_at(0, min(source.size, most)))
        try:
            for kind in kinds:
                self._read_as(kind, path, text)
        except ArtifactError as error:
            return f"its text could not be read: {error.message}"
        if kinds != ["source"] and source.size > limits.text_bytes:
            return f"only the first {limits.text_bytes} bytes of its text were read"
        return ""

    def _read_header(self, path: str, header: Header | None, tasks: tuple[Task, ...]) -> None:
        """Read the license weights name and where they come from; a header a scan could not read
        is its finding."""
        if header is None:
            return
        if "license" in tasks:
            from steelyard.licensing.declarations import read_metadata

            self.declared += read_metadata(path, header.values)
        if "card" not in tasks:
            return
        from steelyard.provenance.lineage import headers

        if header.format == "gguf":
            paper = headers.read_gguf_lineage(path, header.values, header.dtypes)
        else:
            values = {key: str(value) for key, value in header.values.items()}
            paper = headers.read_safetensors_lineage(
                path, values, header.tensors, tuple(header.dtypes)
            )
        if paper is not None:
            self.lineage.append(paper)

    def _read_as(self, kind: str, path: str, text: str) -> None:
        if kind == "license":
            from steelyard.licensing.detect import detect_text

            found = msgspec.structs.replace(detect_text(path, text), excerpt=_opening(text))
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
            from steelyard.provenance.card import read_card_papers

            card, declared, lineage = read_card_papers(path, text)
            self.cards.append(card)
            self.declared += declared
            self.lineage += [lineage] if lineage is not None else []
        elif kind == "config":
            from steelyard.provenance.config import read_config

            config = read_config(path, text)
            if config is not None:
                self.configs.append(config)
        elif kind == "lineage":
            from steelyard.provenance.lineage.configs import read_lineage

            paper = read_lineage(path, text)
            self.lineage += [paper] if paper is not None else []
        else:
            from steelyard.provenance.package import read_package

            package, declared = read_package(path, text)
            self.packages.append(package)
            self.declared += declared


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        from steelyard.licensing.decode import decode

        return decode(data)


def _kinds(name: str, path: str, tasks: tuple[Task, ...], *, alone: bool) -> list[str]:
    kinds = [_license_kind(name, path, alone=alone)] if "license" in tasks else []
    if "card" in tasks:
        kinds += _card_kinds(name, path)
    return [kind for kind in kinds if kind]


def _license_kind(name: str, path: str, *, alone: bool) -> str:
    """Return how the license of a text file may be read."""
    if name.endswith(_MODELS):
        return ""
    from steelyard.licensing.detect import is_license_path

    if alone or is_license_path(path):
        return "license"
    if name.endswith(_SOURCES):
        return "source"
    if name in _PROJECTS:
        return "project"
    return "section" if _README.match(name) else ""


def _card_kinds(name: str, path: str) -> list[str]:
    if _CARD.match(name):
        return ["card"]
    if name.endswith((".json", ".yml", ".yaml")):
        from steelyard.provenance.config import is_config_path
        from steelyard.provenance.lineage.configs import is_lineage_path

        config = "config" if is_config_path(path) else ""
        return [config, "lineage" if is_lineage_path(path) else ""]
    if name in ("METADATA", "PKG-INFO"):
        from steelyard.provenance.package import is_package_path

        return ["package"] if is_package_path(path) else []
    return []


def _opening(text: str) -> str:
    """Return the first words of a text, on one line."""
    return " ".join(text[:2_000].split())[:200]


def _header(source: Source, limits: Limits) -> Header | None:
    """Return the header of a weight file nobody has read yet."""
    start = source.read_at(0, 4)
    if start == b"GGUF":
        from steelyard.artifacts.gguf import read_gguf
        from steelyard.scanning.rules.gguf import gguf_header

        return gguf_header(read_gguf(source, limits))
    if source.read_at(8, 1) == b"{":
        from steelyard.artifacts.safetensors import read_safetensors
        from steelyard.scanning.rules.safetensors import safetensors_header

        return safetensors_header(read_safetensors(source, limits))
    return None
