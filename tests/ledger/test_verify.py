# SPDX-License-Identifier: Apache-2.0
"""Bundles: any changed byte is found and the right file named; trust is told from consistency."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.ledger.build import (
    ORIGIN,
    OTHER,
    SIGNER,
    TIME,
    MemoryLedger,
    assessment,
    bundle,
    documents,
    reading,
    sealed,
)

from steelyard.kernel.assessment import Outcome
from steelyard.kernel.errors import InputError, IntegrityError
from steelyard.ledger import bundle as layout
from steelyard.ledger.evidence import evidence_files
from steelyard.ledger.signing import NoteKey, key_file
from steelyard.ledger.verification import Verification
from steelyard.ledger.verify import verify_bundle

GOOD = bundle()
MINE = SIGNER.public.fingerprint


def verify(files: dict[str, bytes], **trust: object) -> Verification:
    return verify_bundle(reading(files), files, **trust)  # type: ignore[arg-type] # keywords pass


def blamed(files: dict[str, bytes]) -> set[str]:
    answer = verify(files)
    assert answer.ok == (not answer.problems)
    return {problem.file for problem in answer.problems}


def test_a_good_bundle_verifies_and_says_what_was_decided() -> None:
    answer = verify(GOOD)
    assert answer.ok
    assert answer.decision is not None
    assert answer.decision.outcome == "approved_with_conditions"
    assert answer.decision.purl == assessment().subject.purl
    assert answer.checkpoint is not None
    assert (answer.checkpoint.index, answer.checkpoint.size) == (2, 3)
    assert answer.files == len(GOOD) == 12
    assert json.loads(answer.to_json())["schema"] == "steelyard.verification/v1"


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_makes_a_bundle_that_verifies(outcome: Outcome) -> None:
    assert verify(bundle(assessment(outcome))).ok


@pytest.mark.parametrize("name", sorted(GOOD))
@pytest.mark.parametrize("bit", [0x01, 0x20, 0x80])
def test_bits_flipped_all_over_each_file(name: str, bit: int) -> None:
    data = GOOD[name]
    step = max(1, len(data) // 12)
    for at in {*range(0, len(data), step), len(data) - 1}:
        changed = bytearray(data)
        changed[at] ^= bit
        assert blamed({**GOOD, name: bytes(changed)}) == {name}, f"{name} byte {at}"


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(GOOD)), st.integers(0, 10**6), st.integers(0, 255))
def test_a_byte_replaced_anywhere(name: str, place: int, value: int) -> None:
    data = bytearray(GOOD[name])
    at = place % len(data)
    same = data[at] == value
    data[at] = value
    assert blamed({**GOOD, name: bytes(data)}) == (set() if same else {name})


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(sorted(GOOD)), st.integers(0, 10**6), st.binary(max_size=3), st.integers(0, 3)
)
@example("key.pub", 10**6, b"\n", 0)
@example("decision.dsse.json", 10**6, b"\n", 0)
@example("checkpoint", 10**6, b"\n", 0)
def test_bytes_inserted_and_removed_anywhere(
    name: str, place: int, insert: bytes, remove: int
) -> None:
    data = GOOD[name]
    at = min(place, len(data))
    changed = data[:at] + insert + data[at + remove :]
    assert blamed({**GOOD, name: changed}) == (set() if changed == data else {name})


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_missing_file_is_named(name: str) -> None:
    assert blamed({key: value for key, value in GOOD.items() if key != name}) == {name}


@pytest.mark.parametrize("name", sorted(GOOD))
def test_an_empty_file_is_named(name: str) -> None:
    assert blamed({**GOOD, name: b""}) == {name}


@pytest.mark.parametrize("name", ["notes.txt", ".hidden", "sub/file", "\udcff"])
def test_an_extra_file_is_named(name: str) -> None:
    answer = verify({**GOOD, name: b"x"})
    assert [problem.code for problem in answer.problems] == ["file.extra"]
    answer.to_json()


def test_two_changed_files_are_both_named() -> None:
    files = {**GOOD, "report.html": b"nicer", "bom.cdx.json": b"{}"}
    assert blamed(files) == {"report.html", "bom.cdx.json"}


def test_a_changed_file_with_its_index_changed_to_fit_is_still_found() -> None:
    files = {**GOOD, "report.html": b"nicer"}
    files["bundle.json"] = layout.bundle_index(
        {name: data for name, data in files.items() if name not in layout.FRAME}
    )
    answer = verify(files)
    assert [(problem.file, problem.code) for problem in answer.problems] == [
        ("bundle.json", "content.changed")
    ]


def test_signature_and_content_are_told_apart() -> None:
    envelope = json.loads(GOOD["decision.dsse.json"])
    envelope["signatures"][0]["sig"] = "A" * 86 + "=="
    from steelyard.ledger.canonical import canonical

    answer = verify({**GOOD, "decision.dsse.json": canonical(envelope)})
    assert {problem.code for problem in answer.problems} == {"signature.invalid"}
    answer = verify({**GOOD, "report.html": b"nicer"})
    assert {problem.code for problem in answer.problems} == {"content.changed"}


def test_the_same_envelope_spelled_another_way_is_noticed() -> None:
    spaced = json.dumps(json.loads(GOOD["decision.dsse.json"])).encode()
    answer = verify({**GOOD, "decision.dsse.json": spaced})
    assert {problem.code for problem in answer.problems} == {"json.not-canonical"}


def test_trust_in_the_key() -> None:
    def trust(**given: object) -> tuple[bool, str]:
        answer = verify(GOOD, **given)
        assert answer.signer is not None
        return answer.ok, answer.signer.trust

    other = OTHER.public.fingerprint
    assert trust() == (True, "not_pinned")
    assert trust(own=MINE) == (True, "own")
    assert trust(own=other) == (True, "not_pinned")
    assert trust(trusted=[other, MINE]) == (True, "pinned")
    assert trust(trusted=[other], own=MINE) == (False, "not_trusted")
    assert {problem.code for problem in verify(GOOD, trusted=[other]).problems} == {"key.untrusted"}
    assert any("--key" in note for note in verify(GOOD).notes)


def test_a_bundle_made_again_with_another_key_verifies_only_without_a_pin() -> None:
    forged = bundle(assessment(Outcome.APPROVED), OTHER)
    assert verify(forged).ok
    assert not verify(forged, trusted=[MINE]).ok


def test_another_key_put_into_the_bundle_is_named() -> None:
    files = {**GOOD, "key.pub": key_file(NoteKey(ORIGIN, OTHER.public))}
    assert blamed(files) == {"key.pub"}
    assert not verify(files, trusted=[OTHER.public.fingerprint]).ok


def test_parts_of_another_valid_bundle_do_not_fit() -> None:
    other = bundle(assessment(Outcome.REJECTED))
    for name in GOOD:
        if other[name] != GOOD[name]:
            assert blamed({**GOOD, name: other[name]}), name
    # A whole other decision with this one's ledger proof, and the other way round.
    ledger = {name: GOOD[name] for name in ("checkpoint", "proof.tlog-proof")}
    assert "decision.dsse.json" in blamed({**other, **ledger})


def test_an_older_checkpoint_of_the_same_ledger_is_not_the_proofs() -> None:
    older = MemoryLedger(entries=[]).append(b"{}").checkpoint
    answer = verify({**GOOD, "checkpoint": older})
    assert [(one.file, one.code) for one in answer.problems] == [("checkpoint", "checkpoint.other")]


@pytest.mark.parametrize(
    ("document", "changes", "word"),
    [
        ("assessment.json", {"environment": "staging"}, "environment"),
        ("assessment.json", {"use_case": {"name": "else"}}, "use case"),
        ("assessment.json", {"assessed_at": "2020-01-01T00:00:00Z"}, "time"),
    ],
)
def test_a_signer_who_contradicts_himself_is_caught(
    document: str, changes: dict[str, object], word: str
) -> None:
    told = msgspec.structs.replace(assessment(), **changes)
    made = sealed(assessment(), more={document: msgspec.json.encode(told)})
    files = evidence_files(made, MemoryLedger().append(made.entry.encode()))
    (problem,) = verify(files).problems
    assert (problem.file, problem.code) == (document, "statement.mismatch")
    assert word in problem.message


def test_a_ledger_entry_that_tells_another_story_is_caught() -> None:
    made = sealed()
    entry = msgspec.structs.replace(made.entry, outcome=Outcome.APPROVED)
    files = evidence_files(made, MemoryLedger().append(entry.encode()))
    assert blamed(files) == {"proof.tlog-proof"}


def test_a_summary_that_passes_a_rejection_is_caught() -> None:
    from steelyard.kernel.digest import sha256_hex
    from steelyard.ledger import dsse
    from steelyard.ledger.canonical import canonical
    from steelyard.ledger.statement import vsa_statement

    made = sealed(assessment(Outcome.REJECTED))
    lie = vsa_statement(
        assessment(Outcome.APPROVED),
        decision_sha256=sha256_hex(made.files["decision.dsse.json"]),
        verifier_fingerprint=MINE,
    )
    summary = dsse.sign(canonical(lie), SIGNER)
    entry = msgspec.structs.replace(made.entry, vsa_sha256=sha256_hex(summary))
    files = evidence_files(made, MemoryLedger().append(entry.encode()))
    (problem,) = verify({**files, "vsa.dsse.json": summary}).problems
    assert problem.file == "vsa.dsse.json"
    assert "verdict" in problem.message


def test_documents_must_be_the_ones_the_assessment_names() -> None:
    from steelyard.ledger.evidence import seal

    files = {**documents(assessment()), "manifest.json": b"{}"}
    with pytest.raises(InputError, match="not the one"):
        seal(assessment(), files, SIGNER, NoteKey(ORIGIN, SIGNER.public), recorded_at=TIME)
    with pytest.raises(InputError, match="another key"):
        seal(
            assessment(),
            documents(assessment()),
            OTHER,
            NoteKey(ORIGIN, SIGNER.public),
            recorded_at=TIME,
        )
    with pytest.raises(InputError, match="UTC"):
        seal(
            assessment(),
            documents(assessment()),
            SIGNER,
            NoteKey(ORIGIN, SIGNER.public),
            recorded_at="yesterday",
        )


def test_not_a_bundle_is_an_input_error() -> None:
    for files in ({}, {"readme.md": b""}, {"checkpoint": b"", "tile/0/000.p/1": b""}):
        with pytest.raises(InputError, match="not an evidence bundle"):
            verify(files)


def test_a_file_that_cannot_be_read_safely_is_named() -> None:
    def read(name: str) -> bytes:
        if name == "report.html":
            raise IntegrityError("report.html is a link.", code="file.special")
        return GOOD[name]

    answer = verify_bundle(read, GOOD)
    assert [(one.file, one.code) for one in answer.problems] == [("report.html", "file.special")]


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(GOOD)), st.binary(max_size=200), min_size=1))
def test_garbage_never_raises(garbage: dict[str, bytes]) -> None:
    assert not verify({**GOOD, **garbage}).ok


def test_deeply_nested_json_is_a_problem_not_a_crash() -> None:
    for name in ("decision.dsse.json", "bundle.json", "assessment.json", "manifest.json"):
        assert blamed({**GOOD, name: b"[" * 200_000}) == {name}
