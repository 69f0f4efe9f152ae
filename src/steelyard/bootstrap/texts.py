# SPDX-License-Identifier: Apache-2.0
"""Gathers the texts of a charter: the file itself and every file it names."""

from __future__ import annotations

import os
from pathlib import Path

from steelyard.bootstrap import read_beside, read_text


def charter_texts(file: Path) -> tuple[str, dict[str, str]]:
    """Return the name of the charter's file and all texts, by name as that file would reach them.

    Raises:
        DocumentErrors: the charter has errors.
        InputError: a file cannot be read.
    """
    from steelyard.charter.load import load

    texts = {file.name: read_text(file, "charter")}

    def read(reference: str, named_by: str) -> tuple[str, str]:
        found, text = read_beside(reference, named_by)
        texts[os.path.relpath(found, file.parent)] = text
        return found, text

    load(texts[file.name], str(file), read)
    return file.name, texts
