# SPDX-License-Identifier: Apache-2.0
"""Reads the core metadata of a Python package (``METADATA``, ``PKG-INFO``) found beside a model."""

from __future__ import annotations

from email.message import Message

from steelyard.catalog.licenses import resolve
from steelyard.kernel.card import PackageMetadata
from steelyard.kernel.errors import LimitExceeded
from steelyard.kernel.license import DeclaredLicense

_MAX_BYTES = 8_000_000
_MAX_HEADERS = 100_000
_MAX_TEXT = 500
_MAX_LICENSE = 100
_NOTHING = frozenset({"", "unknown", "none", "n/a", "license", "see license"})
_PREFIX = "License ::"
_TOO_GENERAL = frozenset({"License :: OSI Approved", "License :: Other/Proprietary License"})


def is_package_path(path: str) -> bool:
    """Tell whether :func:`read_package` understands files of this name."""
    return path.rsplit("/", 1)[-1] in {"METADATA", "PKG-INFO"}


def read_package(path: str, text: str) -> tuple[PackageMetadata, list[DeclaredLicense]]:
    """Return the metadata and the licenses it declares, the precise field first.

    Raises:
        LimitExceeded: the text is larger than metadata ever is.
    """
    if len(text) > _MAX_BYTES:
        raise LimitExceeded(f"The package metadata is longer than {_MAX_BYTES} bytes.")
    from email.parser import HeaderParser

    # The description follows the headers and can be long; it is not needed.
    head = text.replace("\r\n", "\n").split("\n\n", 1)[0][:_MAX_HEADERS]
    message = HeaderParser().parsestr(head)
    classifiers = [_clean(value) for value in message.get_all("Classifier", [])][:200]
    metadata = PackageMetadata(
        path=path,
        name=_field(message, "Name"),
        version=_field(message, "Version"),
        summary=_field(message, "Summary"),
        license=_field(message, "License"),
        license_expression=_field(message, "License-Expression"),
        classifiers=tuple(classifiers),
        home_page=_field(message, "Home-page") or _project_url(message),
    )
    return metadata, _declared(metadata)


def _declared(metadata: PackageMetadata) -> list[DeclaredLicense]:
    """Return each different license the fields name; a general classifier adds nothing."""
    named = [metadata.license_expression]
    if not metadata.license_expression and len(metadata.license) <= _MAX_LICENSE:
        named.append(metadata.license)
    elif not metadata.license_expression:
        # Some packages put the whole text here; its first line names it or resolves to nothing.
        named.append(metadata.license[:_MAX_LICENSE])
    named += [
        item
        for item in metadata.classifiers
        if item.startswith(_PREFIX) and item not in _TOO_GENERAL
    ]
    found: dict[str, DeclaredLicense] = {}
    for raw in named:
        if raw.lower() in _NOTHING:
            continue
        known = resolve(raw)
        if known is None and raw.startswith(_PREFIX) and found:
            continue
        declared = DeclaredLicense(
            source="package",
            path=metadata.path,
            raw=raw.removeprefix("License :: OSI Approved :: "),
            key=known.key if known else "",
            spdx=known.spdx if known else "",
        )
        found.setdefault(declared.key or declared.raw.lower(), declared)
    return list(found.values())


def _project_url(message: Message) -> str:
    for value in message.get_all("Project-URL", [])[:50]:
        label, _, url = _clean(value).partition(",")
        if label.strip().lower() in {"homepage", "home", "source", "repository"}:
            return url.strip()
    return ""


def _field(message: Message, name: str) -> str:
    return _clean(message.get(name, ""))


def _clean(value: object) -> str:
    return " ".join(str(value).split())[:_MAX_TEXT]
