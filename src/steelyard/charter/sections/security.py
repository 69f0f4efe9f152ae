# SPDX-License-Identifier: Apache-2.0
"""Rules of the security baseline: what every model must meet, whatever it is for."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from steelyard.charter.schema import Rule, SecuritySection
from steelyard.charter.sections.writing import by_environment, dashed, listed


class _Point(Struct, frozen=True):
    require: str
    why: str
    remedy: str
    condition: str
    frameworks: tuple[str, ...] = ()


_POINTS = {
    "malicious": _Point(
        "scan.worst != 'malicious'",
        "A file that attacks whoever opens it has no place anywhere.",
        "Report it to the publisher and choose another model.",
        "Nobody opens the files outside a disposable sandbox without network or secrets.",
        ("OWASP-LLM-2025:LLM03", "ATLAS:AML.T0010"),
    ),
    "suspicious": _Point(
        "scan.worst != 'suspicious'",
        "The scanner saw something that only a person can judge.",
        "Read the findings; remove the file or explain why it is harmless.",
        "Security reads the findings before the model is used.",
        ("OWASP-AISVS:6.1.1",),
    ),
    "not_examined": _Point(
        "scan.coverage == 'full' && scan.worst != 'unreadable'",
        "What was not examined is not clean.",
        "Remove the files that could not be examined, or ask for them in a readable format.",
        "The files that were not examined are removed before the model is used.",
        ("OWASP-AISVS:6.1.1",),
    ),
    "unisolated_scan": _Point(
        "scan.isolated",
        "A scanner without its walls could itself have been attacked by what it read.",
        "Assess the model on a machine where the scanner's walls stand.",
        "The model is assessed again where the scanner's walls stand.",
        ("SSDF:PO.5.1",),
    ),
    "high_findings": _Point(
        "scan.critical == 0 && scan.high == 0",
        "The scanner has findings of high severity.",
        "Work off the findings, or choose a model without them.",
        "Every finding of high severity is worked off before release.",
        ("OWASP-AISVS:6.1.1",),
    ),
    "code_on_load": _Point(
        "!artifacts.executes_on_load",
        "Loading the model runs code from a file; one bad file is a breach.",
        "Ask the publisher for safetensors, or convert it in the sandbox and request the result.",
        "Load the model only in a disposable sandbox without network or secrets.",
        ("OWASP-LLM-2025:LLM03", "ATLAS:AML.T0011.000"),
    ),
    "remote_code": _Point(
        "!artifacts.has_remote_code",
        "Python that comes with the weights runs with all the rights of whoever loads them.",
        "Use a model that a released library loads, or have the code reviewed at this commit.",
        "Load the model only in a disposable sandbox without network or secrets.",
        ("OWASP-LLM-2025:LLM03", "SSDF:PW.4.4"),
    ),
    "executables": _Point(
        "scan.coverage == 'full' && size(artifacts.executable_files) == 0",
        "Programs for the machine have no business among a model's files.",
        "Remove the programs, or choose a model without them.",
        "The programs are removed before the model is used.",
        ("OWASP-AISVS:6.1.1",),
    ),
    "no_safetensors": _Point(
        "artifacts.has_safetensors",
        "Weights as safetensors cannot run code, and there are none.",
        "Ask the publisher for safetensors, or convert the weights in the sandbox.",
        "The weights are converted to safetensors before release.",
        ("OWASP-LLM-2025:LLM03",),
    ),
    "unpinned": _Point(
        "provenance.revision_immutable",
        "A branch can change overnight; only a commit or a digest names what was examined.",
        "Name the model by commit.",
        "The owner pins the model by commit or digest before it is used.",
        ("SSDF:PS.3.2", "ATLAS:AML.T0109"),
    ),
    "contradictory_origin": _Point(
        "provenance.contradictions == 0",
        "What the files say about where the model comes from contradicts itself.",
        "Read the contradictions; ask the publisher what the model was made from.",
        "The owner records what the model was made from before it is used.",
        ("OWASP-AISVS:6.1.3",),
    ),
}  # fmt: skip
_SIGNED = _Point(
    "has(provenance.signed) && provenance.signed",
    "Nobody known signed these files, so anybody may have changed them on the way.",
    "Verify the publisher's signature and hand it to the assessment, or sign them yourself.",
    "Security verifies where the files come from by another way before release.",
    ("SSDF:PS.2.1", "OWASP-AISVS:6.1.3"),
)


def security_rules(section: SecuritySection, prefix: str) -> Iterator[Rule]:
    """Yield the rules of a security baseline, one for each point and environment it names."""
    points = {**_POINTS, "unsigned": _signed_by(section.signers)}
    for name, point in points.items():
        consequence: str | dict[str, str] | None = getattr(section, name)
        if consequence is None:
            continue
        for suffix, where, otherwise in by_environment(consequence):
            yield Rule(
                id=f"{prefix}security.{dashed(name)}{suffix}",
                why=point.why,
                applies=where or None,
                require=point.require,
                otherwise=otherwise,
                condition=point.condition if otherwise == "condition" else "",
                remedy=point.remedy,
                frameworks=point.frameworks,
            )


def _signed_by(signers: tuple[str, ...]) -> _Point:
    if not signers:
        return _SIGNED
    require = (
        f"{_SIGNED.require} && has(provenance.signed_by)"
        f" && provenance.signed_by in {listed(signers)}"
    )
    return _Point(require, _SIGNED.why, _SIGNED.remedy, _SIGNED.condition, _SIGNED.frameworks)
