# SPDX-License-Identifier: Apache-2.0
"""Tells programs, bytecode and files that start programs by their first fields.

Magic numbers that stand alone are in :mod:`.sniff`; here are those that must fit other fields.
"""

from __future__ import annotations

from steelyard.artifacts.source import Source

_APE = (b"MZqFpD='", b"jartsr='")
"""How an Actually Portable Executable begins: a DOS header that is a line of shell as well."""
_OTHER_DOS = (b"PE\0\0", b"NE", b"LE", b"LX")
_PYTHONS = (*range(3000, 4000), *range(20_121, 20_124), *range(50_428, 50_429), 60_202, 60_717,
            *range(62_011, 62_220))  # fmt: skip
"""Numbers that CPython writes in front of CR LF in compiled modules, 1.5 to 3.15 and later."""
_CODE = (b"\x63", b"\xe3")
"""Type of a code object in the marshal format, without and with the mark of a reference."""


def program_kind(source: Source, head: bytes) -> str:
    """Return ``ape``, ``pe``, ``java-class``, ``macho``, ``pyc`` or an empty string."""
    if head.startswith(_APE):
        return "ape"
    if head[:2] == b"MZ" and _is_dos(source, head):
        return "pe"
    if head[:4] == b"\xca\xfe\xba\xbe":
        return "java-class" if int.from_bytes(head[4:8], "big") > 40 else "macho"
    return "pyc" if _is_compiled_python(head) else ""


def _is_dos(source: Source, head: bytes) -> bool:
    at = int.from_bytes(head[60:64], "little") if len(head) >= 64 else 0
    start = source.read_at(at, 4)
    return (at > 0 and start.startswith(_OTHER_DOS)) or b"This program cannot be run" in head


def _is_compiled_python(head: bytes) -> bool:
    if head[2:4] != b"\r\n" or int.from_bytes(head[:2], "little") not in _PYTHONS:
        return False
    # The code object begins after 8 bytes in Python 2, after 12 or 16 in Python 3.
    return any(head[at : at + 1] in _CODE for at in (8, 12, 16))
