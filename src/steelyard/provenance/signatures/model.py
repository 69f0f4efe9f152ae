# SPDX-License-Identifier: Apache-2.0
"""Verify the signature of a model: the bytes of a bundle, a manifest, and whom to trust."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec.structs import replace

from steelyard.kernel.errors import IntegrityError
from steelyard.kernel.manifest import Manifest
from steelyard.kernel.signature import FileDifference, Reason, SignatureReport
from steelyard.provenance.signatures.bundle import read_bundle
from steelyard.provenance.signatures.oms import compare, signed_files
from steelyard.provenance.signatures.statement import read_statement
from steelyard.provenance.signatures.trust import TrustPolicy, check_bundle

_NONE: Mapping[str, str] = {}


def verify_model(
    data: bytes | None,
    manifest: Manifest,
    policy: TrustPolicy,
    *,
    refused: Mapping[str, str] = _NONE,
    beside: Collection[str] = (),
) -> SignatureReport:
    """Return what the signature ``data`` is worth for the files of ``manifest``.

    ``data`` is None where there is no signature. ``refused`` are names in the model that are no
    readable regular file, with the reason; ``beside`` are files of the manifest that are not of the
    model, such as the signature itself.

    Raises:
        InputError: what the policy names cannot be used.
    """
    report = SignatureReport(manifest_sha256=manifest.digest, outcome="unsigned", reason=_UNSIGNED)
    if data is None:
        return report
    try:
        bundle = read_bundle(data)
        checked = check_bundle(data, bundle, policy)
        report = replace(
            report,
            outcome=checked.outcome,
            reason=checked.reason,
            signer=checked.signer,
            proven_at=checked.proven_at,
            notes=checked.notes,
        )
        if checked.outcome == "invalid":
            return report  # what it says of the files is worth nothing
        statement = read_statement(bundle.envelope.payload)
        signed = signed_files(statement)
    except IntegrityError as error:
        reason = Reason(code=error.code, message=error.message, next_step=error.next_step)
        return replace(report, outcome="invalid", reason=reason)
    report = replace(
        report, predicate_type=statement.predicate_type, signed_files=len(signed.digests)
    )
    if signed.cannot is not None:
        worst = report.outcome if report.outcome != "verified" else "undecidable"
        return replace(report, outcome=worst, reason=report.reason or signed.cannot)
    differences, open_files = compare(signed, manifest, refused=refused, beside=beside)
    report = replace(report, differences=differences, not_covered=open_files)
    if differences:
        return replace(report, outcome="invalid", reason=_differs(differences))
    return report


def _differs(differences: Collection[FileDifference]) -> Reason:
    counts = {
        kind: sum(one.kind == kind for one in differences)
        for kind in ("changed", "missing", "extra", "refused")
    }
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    return Reason(
        code="model.differs",
        message=f"The model is not the one that was signed: files {told}.",
        next_step="Get the model again from its publisher, or the signature of this version.",
    )


_UNSIGNED = Reason(
    code="signature.none",
    message="There is no signature.",
    next_step="Name one with --signature, or ask the publisher for one.",
)
