# SPDX-License-Identifier: Apache-2.0
"""The one composition root: puts the clock, the environment, keys and ledger to the services.

Nothing happens on import. Doors call the functions here and get plain values back.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

from steelyard.governance.assessment.plugins import plugin_ref, plugins_of
from steelyard.governance.charters.facts import Policy
from steelyard.kernel.assessment import Subject
from steelyard.kernel.errors import InputError
from steelyard.kernel.use_case import UseCase

if TYPE_CHECKING:
    from steelyard.charter.schema import Term
    from steelyard.governance.assessment.service import Weighed
    from steelyard.governance.charters.service import Adopted
    from steelyard.governance.decision.service import Recorded
    from steelyard.kernel.inspection import PluginRef
    from steelyard.kernel.lineage import ProvenanceGraph
    from steelyard.licensing.lineage.graph import LineageGraph
    from steelyard.platform.sandbox import Running
    from steelyard.platform.tree import Tree
    from steelyard.provenance.history.licenses import Direction
    from steelyard.provenance.history.report import HistoryReport
    from steelyard.reporting.bom import Spec

TEXT_MOST = 2 * 1024 * 1024
"""Bytes of a charter or use case file."""


def utc_now() -> dt.datetime:
    """Return the time; the only clock in the house."""
    return dt.datetime.now(dt.UTC)


def read_text(path: Path, what: str) -> str:
    """Return the text of a small file written by hand.

    Raises:
        InputError: it is missing, unreadable, too large or not UTF-8.
    """
    try:
        data = path.read_bytes() if path.stat().st_size <= TEXT_MOST else None
    except OSError as error:
        raise InputError(
            f"The {what} {str(path)!r} cannot be read: {error.strerror}.",
            next_step="Check the path and its permissions.",
            code="input.unreadable",
        ) from error
    if data is None:
        raise InputError(
            f"The {what} {str(path)!r} is too large: at most {TEXT_MOST // 2**20} MiB are read.",
            next_step="Check that this is the file you meant.",
            code="input.size",
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"The {what} {str(path)!r} is not UTF-8 text (byte {error.start}).",
            next_step="Save it as UTF-8.",
            code="input.encoding",
        ) from error


def load_policy(name: str) -> Policy:
    """Return the charter named ``name``: a shipped profile, or a file.

    Raises:
        InputError: there is no such profile or file, or the charter has errors.
    """
    from steelyard.catalog.charters import NAMES
    from steelyard.charter.load import load_charter, shipped
    from steelyard.charter.resolve import identity_of, resolved_json

    if name in NAMES:
        charter = shipped(name)
    else:
        path = Path(name)
        if not path.exists() and path.parent == Path() and not path.suffix:
            raise InputError(
                f"There is no charter profile or file {name!r}.",
                next_step=f"Use {', '.join(NAMES)}, or the path of a charter file.",
                code="charter.missing",
            )
        charter = load_charter(read_text(path, "charter"), name, read_beside)
    return Policy(charter, identity_of(charter), resolved_json(charter))


def read_beside(reference: str, file: str) -> tuple[str, str]:
    """Return the name and text of a file that a charter names; relative paths are beside it.

    Raises:
        InputError: it cannot be read.
    """
    path = os.path.normpath(Path(file).parent / reference)
    return str(path), read_text(Path(path), "charter")


def load_use_case(path: Path, policy: Policy | None = None) -> UseCase:
    """Return the use case in a YAML file, read with the terms of the charter.

    Raises:
        InputError: it cannot be read, or has errors (each with line and column).
    """
    terms = policy.charter.terms if policy is not None else ()
    return parse_use_case(read_text(path, "use case"), str(path), terms)


def parse_use_case(text: str, file: str, terms: tuple[Term, ...] = ()) -> UseCase:
    """Return the use case written in ``text``; ``file`` is what errors call it."""
    from steelyard.governance.use_cases.facts import load_use_case

    return load_use_case(text, file, terms)


def check_current(use_case: UseCase) -> None:
    """Refuse a use case that has expired: no decision outlives it.

    Raises:
        InputError: it has.
    """
    if use_case.expires < utc_now().date():
        raise InputError(
            f"The use case {use_case.name!r} expired on {use_case.expires}.",
            next_step="Renew it: set a later `expires` if the purpose still stands.",
            code="use-case.expired",
        )


def examine(
    tree: Tree,
    progress: Callable[[str, int], None] | None = None,
    *,
    policy: Policy | None = None,
) -> Running:
    """Start the examination an assessment rests on, with the plug-ins the charter names."""
    from steelyard.platform.sandbox import PAPERS_AND_BYTES, begin

    plugins = plugins_of(policy.charter) if policy is not None else ()
    return begin(tree, tasks=PAPERS_AND_BYTES, progress=progress, plugins=plugins)


_PLUGIN = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)==([0-9A-Za-z][0-9A-Za-z.+!-]*)(?::(.+))?")


def parse_plugin(text: str) -> PluginRef:
    """Return the plug-in that ``NAME==VERSION`` or ``NAME==VERSION:RULES`` names.

    Raises:
        InputError: it is not written so, or there is nothing at RULES.
    """
    match = _PLUGIN.fullmatch(text)
    if match is None:
        raise InputError(
            f"{text!r} does not name a plug-in and its version.",
            next_step="Write NAME==VERSION, such as detect-secrets==1.5.0, or NAME==VERSION:PATH "
            "for one that reads rules.",
            code="plugin.name",
        )
    name, version, rules = match.groups()
    return plugin_ref(name, version, [Path(rules)] if rules else [])


def warm(policy: Policy, *, recording: bool) -> None:
    """Import and compile what the decision will need, while the examination still runs."""
    from steelyard.charter.engine import compile_rule

    for rule in policy.charter.rules:
        for text in (rule.applies, rule.require):
            if text is not None:
                compile_rule(text)
    import steelyard.charter.evaluate
    import steelyard.governance.assessment.service
    import steelyard.licensing.compose
    import steelyard.reporting.json_document  # imported for its effect

    if recording:
        import steelyard.governance.decision.service
        import steelyard.ledger.evidence
        import steelyard.reporting.bom.cyclonedx
        import steelyard.reporting.sarif  # noqa: F401 # imported for its effect
        from steelyard.reporting import bom, html

        bom.prepare()
        html.prepare()


def decide(
    running: Running,
    path: Path,
    policy: Policy,
    use_case: UseCase,
    *,
    environment: str | None = None,
    purl: str | None = None,
) -> Weighed:
    """Wait for the examination of ``path`` and weigh the model under ``policy``."""
    from steelyard.governance.assessment.service import weigh

    return weigh(
        Path(os.path.realpath(path)),
        running.result(),
        charter=policy.charter,
        identity=policy.identity,
        use_case=use_case,
        environment=environment or use_case.environment,
        now=utc_now(),
        purl=purl,
    )


def record(weighed: Weighed, policy: Policy, directory: Path) -> Recorded:
    """Sign the decision with the local key, append it to the local ledger, write its bundle."""
    from steelyard.governance.decision.service import record as record_decision
    from steelyard.platform.file_ledger import FileLedger, ledger_path
    from steelyard.platform.keys import key_path, load_or_create

    signer = load_or_create(key_path(os.environ))
    ledger = FileLedger(ledger_path(os.environ), signer)
    return record_decision(
        weighed, policy.canonical, directory, ledger=ledger, signer=signer, now=utc_now()
    )


def adopt_charter(file: Path, directory: Path, *, previous: Path | None = None) -> Adopted:
    """Check a charter, sign it with the local key, append its adoption to the local ledger.

    ``previous`` is the bundle of the charter it takes the place of.

    Raises:
        InputError: the charter has errors; the bundle cannot be written; key or ledger cannot be
            used; ``previous`` is not the verified bundle of an adopted charter.
        IntegrityError: the ledger does not verify.
    """
    from steelyard.governance.charters.service import adopt
    from steelyard.platform.file_ledger import FileLedger, ledger_path
    from steelyard.platform.keys import key_path, load_or_create

    signer = load_or_create(key_path(os.environ))
    ledger = FileLedger(ledger_path(os.environ), signer)
    texts: dict[str, str] = {}

    def read(reference: str, named_by: str) -> tuple[str, str]:
        name, text = read_beside(reference, named_by)
        texts[name] = text
        return name, text

    texts[str(file)] = read_text(file, "charter")
    return adopt(
        str(file), texts, read, directory,
        previous=previous, ledger=ledger, signer=signer, now=utc_now(),
    )  # fmt: skip


def bill_of_materials(
    running: Running,
    path: Path,
    purl: str | None,
    *,
    spec: Spec = "cyclonedx-1.6",
    drawn: LineageGraph | None = None,
) -> tuple[bytes, Subject]:
    """Wait for the examination of ``path`` and return its ML-BOM and what it is about.

    ``drawn`` is a lineage that knows more of its origin than what its own files claim.
    """
    from steelyard.governance.assessment import summary
    from steelyard.governance.assessment.lineage import lineage_of
    from steelyard.governance.assessment.subject import identify
    from steelyard.licensing.compose import summarize
    from steelyard.reporting.bom import write_bom
    from steelyard.reporting.bom.revision import of_inspection

    inspection = running.result()
    manifest = summary.manifest_from(inspection)
    subject = identify(Path(os.path.realpath(path)), manifest, purl)
    seen = summary.summarize(subject, inspection)
    terms = summarize(inspection.declared, inspection.license_files)
    revision = of_inspection(
        inspection,
        subject=subject,
        model=seen.model,
        card=seen.card,
        terms=terms,
        files=summary.component_files(inspection.files),
        verdict=seen.verdict,
        coverage=seen.coverage.level,
        created=utc_now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        lineage=lineage_of(subject, inspection, terms),
        drawn=drawn,
    )
    return write_bom(revision, spec), subject


def claimed_lineage(
    running: Running, path: Path, purl: str | None
) -> tuple[ProvenanceGraph, list[str]]:
    """Wait for the examination of ``path``; return what its files claim it was made from.

    Also a sentence for every file that could not be read in full.

    Raises:
        InputError: ``purl`` is not a package URL.
        UndecidedError: nothing could be examined.
    """
    from steelyard.governance.assessment import summary
    from steelyard.governance.assessment.lineage import lineage_of
    from steelyard.governance.assessment.subject import identify
    from steelyard.kernel.finding import Coverage
    from steelyard.licensing.compose import summarize

    inspection = running.result()
    subject = identify(Path(os.path.realpath(path)), summary.manifest_from(inspection), purl)
    terms = summarize(inspection.declared, inspection.license_files)
    unread = [
        f"{report.path}: {report.coverage_reason}"
        for report in inspection.files
        if report.coverage is not Coverage.FULL
    ]
    return lineage_of(subject, inspection, terms), unread


def contribution_history(
    source: Path,
    *,
    since: str = "",
    accounts: Path | None = None,
    activity: Path | None = None,
    advisories: Path | None = None,
) -> HistoryReport:
    """Return what the history in a clone or a saved commit list says, as of now.

    Raises:
        InputError: the source or one of the files cannot be used.
        UndecidedError: git or the sandbox failed.
    """
    from steelyard.platform.git.papers import license_states
    from steelyard.platform.json_files import read_json_file
    from steelyard.provenance.history import hub
    from steelyard.provenance.history.report import judge_history

    if source.is_file():
        history = hub.read_commits(read_json_file(source, "commit list"), str(source))
        history = hub.with_since(history, since)
    else:
        from steelyard.platform.git.history import read_git

        found = read_git(source, since)
        states = license_states(found)
        history = structs.replace(found.history, licenses=states)
    if activity is not None:
        forced = hub.read_activity(read_json_file(activity, "activity"))
        history = structs.replace(history, rewrites=(*history.rewrites, *forced))
    return judge_history(
        history,
        int(utc_now().timestamp()),
        accounts=hub.read_accounts(read_json_file(accounts, "accounts")) if accounts else None,
        advisories=(
            hub.read_advisories(read_json_file(advisories, "advisories")) if advisories else None
        ),
        direction=_license_direction,
    )


def _license_direction(old: str, new: str) -> Direction:
    """Return how the terms of one license key relate to another's."""
    from steelyard.catalog.licenses import by_key
    from steelyard.licensing.term_changes import compare_licenses

    before, after = by_key(old), by_key(new)
    if before is None or after is None:
        return "unknown"
    return compare_licenses([before], [after]).direction
