# SPDX-License-Identifier: Apache-2.0
"""A model named by its place on a hub, fetched by the real client from a hub on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.simulators.hub import COMMIT, serving
from tests.stories.conftest import Ran, Run, use_case


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def assess(run: Run, reference: str, endpoint: str) -> Ran:
    return run(
        "assess", reference, "--use-case", use_case("internal-search"), "--charter", "starter",
        "--format", "json", HF_ENDPOINT=endpoint, HF_HUB_DISABLE_XET="1",
        HF_HUB_DISABLE_TELEMETRY="1",
    )  # fmt: skip


@pytest.mark.parametrize("suffix", ["", "@main", f"@{COMMIT}"])
def test_a_reference_becomes_an_immutable_commit(run: Run, encoder: Path, suffix: str) -> None:
    with serving("org/encoder", files_of(encoder)) as hub:
        done = assess(run, f"hf:org/encoder{suffix}", hub.url)
    assert done.code == 0, done
    subject = done.json["subject"]
    assert subject["purl"] == f"pkg:huggingface/org/encoder@{COMMIT}"
    assert subject["commit"] == COMMIT
    assert subject["files"] == 5
    assert done.json["facts"]["provenance"]["revision_immutable"] is True


def test_the_bytes_are_those_of_a_local_directory(run: Run, encoder: Path) -> None:
    with serving("org/encoder", files_of(encoder)) as hub:
        fetched = assess(run, "hf:org/encoder", hub.url).json
    local = assess(run, str(encoder), "http://127.0.0.1:9").json
    assert fetched["subject"]["manifest_sha256"] == local["subject"]["manifest_sha256"]


@pytest.mark.parametrize(
    ("reference", "refuse", "code_words"),
    [
        ("hf:org/encoder@nope", None, "revision"),
        ("hf:org/other", None, "cannot be fetched"),
        ("hf:org/encoder", (403, "GatedRepo"), "access"),
        ("hf:org/encoder", (401, "RepoNotFound"), "HF_TOKEN"),
        ("hf:../etc", None, "hf:org/name"),
        ("hf:", None, "hf:org/name"),
    ],
)
def test_refusals_are_sentences(
    run: Run, encoder: Path, reference: str, refuse: tuple[int, str] | None, code_words: str
) -> None:
    with serving("org/encoder", files_of(encoder)) as hub:
        hub.refuse = refuse
        done = assess(run, reference, hub.url)
    assert done.code == 2, done
    assert code_words in done.err
    assert "next:" in done.err


def test_a_hub_that_is_not_there_is_a_sentence(run: Run) -> None:
    done = assess(run, "hf:org/encoder", "http://127.0.0.1:9")
    assert done.code == 2, done
    assert "cannot be fetched" in done.err


def test_without_the_client_the_extra_is_named(run: Run, tmp_path: Path) -> None:
    from steelyard.kernel.errors import InputError
    from steelyard.platform import hub

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, "huggingface_hub", None)
        with pytest.raises(InputError, match="client") as caught:
            hub.fetch_revision(hub.parse_reference("hf:org/encoder"), tmp_path)
    assert "huggingface-hub" in caught.value.next_step
