# SPDX-License-Identifier: Apache-2.0
"""The documents of an assessment, by file name."""

from __future__ import annotations

from steelyard.governance.assessment.service import Weighed


def documents_of(weighed: Weighed) -> dict[str, bytes]:
    """Return what a person, a tool and a verifier each want to read of an assessment."""
    from steelyard.reporting.bom import write_bom
    from steelyard.reporting.bom.revision import of_assessment
    from steelyard.reporting.html import render_html
    from steelyard.reporting.json_document import assessment_json
    from steelyard.reporting.sarif import assessment_sarif

    assessment = weighed.assessment
    return {
        "manifest.json": weighed.manifest.canonical(),
        "assessment.json": assessment_json(assessment, pretty=True),
        "report.html": render_html(assessment),
        "bom.cdx.json": write_bom(of_assessment(assessment, weighed.inspection)),
        "findings.sarif": assessment_sarif(assessment),
    }
