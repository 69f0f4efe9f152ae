# SPDX-License-Identifier: Apache-2.0
"""Bills of materials: CycloneDX and SPDX documents of one revision, and what they cover.

Written here rather than by a library, because the usual ones drop the model card; the tests hold
every document against the strict validators of the two standards. Nothing is filled in: what the
revision's own files do not state is absent, and what somebody claims is marked as declared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from steelyard.kernel.errors import InputError

if TYPE_CHECKING:
    from steelyard.reporting.bom.revision import Revision

Spec = Literal["cyclonedx-1.6", "cyclonedx-1.7", "spdx-3.0.1"]
SPECS: tuple[Spec, ...] = get_args(Spec)
DEFAULT_SPEC: Spec = "cyclonedx-1.6"


def prepare() -> None:
    """Load the SPDX license list ahead of time, for a caller that waits for something else."""
    from steelyard.reporting.bom import licenses

    licenses.prepare()


def write_bom(revision: Revision, spec: Spec = DEFAULT_SPEC) -> bytes:
    """Return the bill of materials of ``revision``. The bytes depend on the arguments alone.

    Raises:
        InputError: ``spec`` is not one of :data:`SPECS`.
    """
    if spec == "spdx-3.0.1":
        from steelyard.reporting.bom.spdx import spdx_document

        return spdx_document(revision)
    if spec not in SPECS:
        raise InputError(
            f"{spec!r} is no format of a bill of materials.",
            next_step=f"Choose one of {', '.join(SPECS)}.",
            code="bom.spec",
        )
    from steelyard.reporting.bom.cyclonedx import cyclonedx_document

    return cyclonedx_document(revision, spec)
