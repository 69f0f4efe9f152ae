# SPDX-License-Identifier: Apache-2.0
"""Real repositories, honest and hostile, read with the git program."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
from tests.simulators.repository import Repository

from steelyard.kernel.errors import InputError, UndecidedError
from steelyard.platform.git import borrowed
from steelyard.platform.git.history import MOST_FILES, read_git
from steelyard.platform.git.papers import UNRECOGNIZED, license_states

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="NO GIT FOUND")
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "a" * 64 + "\nsize 12\n"
MIT = (Path(__file__).parents[2] / "stories" / "conftest.py").read_text(encoding="utf-8")
MIT = MIT.partition('MIT = """')[2].partition('"""')[0]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "clone")


def test_commits_files_pointers_tags_and_merges(repository: Repository) -> None:
    first = repository.commit("one", README__md="# x", model__safetensors=POINTER)
    repository.git("tag", "v1")
    repository.git("tag", "-a", "v1-note", "-m", "x")
    repository.git("checkout", "-q", "-b", "side")
    repository.commit("side", who="Bob", a__bin="0")
    repository.git("checkout", "-q", "main")
    repository.commit("two", model__safetensors="whole weights")
    repository.git("merge", "-q", "--no-ff", "--no-commit", "side")
    (repository.path / "evil.gguf").write_text("only in the merge")
    last = repository.commit("merge")
    found = read_git(repository.path).history
    assert (found.head, found.complete, len(found.commits)) == (last, True, 4)
    by_title = {commit.title: commit for commit in found.commits}
    changed = {
        title: [(f.path, f.status, f.pointer) for f in commit.files or ()]
        for title, commit in by_title.items()
    }
    assert changed["one"] == [
        ("README.md", "added", None),
        ("model.safetensors", "added", True),
    ]
    assert changed["two"] == [("model.safetensors", "modified", False)]
    assert changed["merge"] == [("evil.gguf", "added", False)]
    assert len(by_title["merge"].parents or ()) == 2
    assert by_title["side"].who.name == "Bob"
    assert {(tag.name, tag.commit) for tag in found.tags or ()} == {
        ("v1", first),
        ("v1-note", first),
    }


def test_a_signature_is_present_and_never_called_verified(repository: Repository) -> None:
    repository.commit("one", a__bin="1")
    raw = repository.git("cat-file", "commit", "HEAD").encode()
    head, _, message = raw.partition(b"\n\n")
    signed = head + b"\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n not one\n -----END\n\n" + message
    name = repository.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=signed)
    repository.git("update-ref", "refs/heads/main", name)
    assert read_git(repository.path).history.commits[0].signature == "present"


def test_licenses_along_the_way(repository: Repository) -> None:
    repository.commit("one", README__md="---\nlicense: mit\n---\n", LICENSE=MIT)
    repository.commit("words", x__txt="1")
    altered = MIT.replace("without limitation", "with limitation").replace("sell", "look at")
    repository.commit("altered", LICENSE=altered)
    repository.commit("gone", LICENSE=None, README__md="---\nlicense: cc-by-nc-4.0\n---\n")
    repository.commit("none", README__md="# x\n")
    states = license_states(read_git(repository.path))
    assert states is not None
    assert [state.keys for state in states] == [
        (),
        ("cc-by-nc-4.0",),
        ("mit", "mit (altered)"),
        ("mit",),
    ]
    only_text = Repository(repository.path.parent / "text")
    only_text.commit("strange", LICENSE="You may do what Ann says. " * 40)
    states = license_states(read_git(only_text.path))
    assert states is not None
    assert [state.keys for state in states] == [(UNRECOGNIZED,)]


def test_what_was_recorded_before(repository: Repository) -> None:
    first = repository.commit("one")
    second = repository.commit("two")
    assert read_git(repository.path, first).history.since_is_ancestor is True
    assert read_git(repository.path, first[:10]).history.since == first
    repository.git("tag", "v1", second)
    assert read_git(repository.path, "v1").history.since == second
    repository.git("reset", "-q", "--hard", first)
    repository.commit("other")
    moved = read_git(repository.path, second).history
    assert moved.since_is_ancestor is False
    assert read_git(repository.path, "f" * 40).history.since_is_ancestor is False
    with pytest.raises(InputError, match="no commit, branch or tag"):
        read_git(repository.path, "--upload-pack=x")


def test_a_forced_update_this_clone_has_witnessed(repository: Repository, tmp_path: Path) -> None:
    repository.commit("one")
    repository.commit("two")
    clone = Repository(tmp_path / "watcher")
    clone.git("remote", "add", "origin", str(repository.path))
    clone.git("fetch", "-q", "origin")
    clone.git("reset", "-q", "--hard", "origin/main")
    repository.git("reset", "-q", "--hard", "HEAD~1")
    repository.commit("other")
    clone.git("fetch", "-q", "origin")
    (item,) = read_git(clone.path).history.rewrites
    assert (item.branch, item.source) == ("remotes/origin/main", "reflog")


def test_a_shallow_clone_is_not_complete(repository: Repository, tmp_path: Path) -> None:
    first = repository.commit("one")
    repository.commit("two")
    repository.git("clone", "-q", "--depth=1", f"file://{repository.path}", str(tmp_path / "s"))
    found = read_git(tmp_path / "s", first).history
    assert (len(found.commits), found.complete, found.since_is_ancestor) == (1, False, None)
    assert any("shallow" in problem for problem in found.problems)


def test_a_bare_repository_and_long_ids(tmp_path: Path) -> None:
    work = Repository(tmp_path / "work")
    work.commit("one", a__bin="1")
    work.git("clone", "-q", "--bare", str(work.path), str(tmp_path / "bare.git"))
    assert read_git(tmp_path / "bare.git").history.commits[0].title == "one"
    wide = Repository(tmp_path / "wide")
    shutil.rmtree(wide.path / ".git")
    wide.git("init", "-q", "-b", "main", "--object-format=sha256")
    name = wide.commit("long", a__bin="1")
    found = read_git(wide.path).history
    assert len(name) == 64
    assert [c.weights for c in found.commits] == [True]


PROGRAMS = """
[core]
	fsmonitor = {canary}
	pager = {canary}
	hooksPath = {hooks}
	sshCommand = {canary}
	editor = {canary}
	attributesFile = {attributes}
	alternateRefsCommand = {canary}
	gitProxy = {canary}
[pager]
	log = {canary}
[diff]
	external = {canary}
[diff "x"]
	textconv = {canary}
	command = {canary}
[filter "x"]
	smudge = {canary}
	clean = {canary}
	process = {canary}
	required = true
[log]
	showSignature = true
[gpg]
	program = {canary}
[uploadpack]
	packObjectsHook = {canary}
[include]
	path = {included}
[extensions]
	partialClone = origin
[remote "origin"]
	url = ext::{canary}
	promisor = true
	uploadpack = {canary}
[protocol "ext"]
	allow = always
"""


def test_nothing_a_repository_names_is_run(repository: Repository, tmp_path: Path) -> None:
    repository.commit("one", README__md="# x", a__bin="1")
    repository.commit("two", README__md="# y", a__bin="2")
    sign = tmp_path / "ran"
    canary = tmp_path / "canary.sh"
    canary.write_text(f"#!/bin/sh\necho $0 $* >> {sign}\ncat\n")
    canary.chmod(0o755)
    attributes = tmp_path / "attributes"
    attributes.write_text("* diff=x filter=x\n")
    included = tmp_path / "included"
    included.write_text(f"[core]\n\tpager = {canary}\n")
    git = repository.path / ".git"
    text = PROGRAMS.format(
        canary=canary, hooks=git / "hooks", attributes=attributes, included=included
    )
    (git / "info").mkdir(exist_ok=True)
    (git / "info" / "attributes").write_text("* diff=x filter=x\n")
    (git / "info" / "grafts").write_text("")
    for name in ("post-index-change", "reference-transaction", "pre-auto-gc", "fsmonitor-watchman"):
        (git / "hooks").mkdir(exist_ok=True)
        hook = git / "hooks" / name
        hook.write_text(canary.read_text())
        hook.chmod(0o755)
    blob = repository.git("rev-parse", "HEAD:a.bin")
    (git / "objects" / blob[:2] / blob[2:]).unlink()
    (git / "config").write_text((git / "config").read_text() + text)
    found = read_git(repository.path)
    license_states(found)
    assert [commit.title for commit in found.history.commits] == ["two", "one"]
    assert not sign.exists()


def test_replacements_and_grafts_show_no_other_history(repository: Repository) -> None:
    first = repository.commit("honest", a__bin="1")
    second = repository.commit("evil", a__bin="2")
    repository.git("replace", second, first)
    assert [c.title for c in read_git(repository.path).history.commits] == ["evil", "honest"]


@pytest.mark.parametrize("name", ["alternates", "http-alternates"])
def test_borrowed_objects_are_refused(repository: Repository, name: str) -> None:
    repository.commit("one")
    (repository.path / ".git" / "objects" / "info").mkdir(exist_ok=True)
    (repository.path / ".git" / "objects" / "info" / name).write_text("/etc\n")
    with pytest.raises(InputError, match="borrows objects"):
        read_git(repository.path)


def test_links_out_of_the_repository_are_refused(repository: Repository, tmp_path: Path) -> None:
    repository.commit("one")
    pack = repository.path / ".git" / "objects" / "pack"
    pack.mkdir(exist_ok=True)
    (pack / "pack-1.idx").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match="borrows objects"):
        read_git(repository.path)
    other = tmp_path / "other"
    other.mkdir()
    (other / ".git").write_text(f"gitdir: {repository.path / '.git'}\n")
    with pytest.raises(InputError, match="lies elsewhere"):
        read_git(other)
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / ".git").symlink_to(repository.path / ".git")
    with pytest.raises(InputError, match="lies elsewhere"):
        read_git(linked)


@pytest.mark.parametrize("what", ["empty", "nothing", "file"])
def test_what_is_no_history_is_refused_with_a_sentence(tmp_path: Path, what: str) -> None:
    path = tmp_path / "x"
    if what == "empty":
        Repository(path)
    elif what == "nothing":
        path.mkdir()
    with pytest.raises(InputError) as caught:
        read_git(path)
    assert caught.value.next_step


def test_references_that_are_pipes_or_links_are_passed_over(repository: Repository) -> None:
    repository.commit("one")
    tags = repository.path / ".git" / "refs" / "tags"
    os.mkfifo(tags / "pipe")
    (tags / "link").symlink_to("/dev/zero")
    (tags / "noise").write_text("x" * 10_000)
    assert read_git(repository.path).history.tags == ()


def fast_import(repository: Repository, stream: bytes) -> None:
    repository.git("fast-import", "--quiet", stdin=stream)


def test_names_and_messages_that_hide_and_flood(repository: Repository) -> None:
    message = b"\x1b[2J\xe2\x80\xae title \x07\n\n" + b"m" * 30_000_000
    name = b'"w\\033[31m\\001\\nname\\377.safetensors"'
    fast_import(
        repository,
        b"commit refs/heads/main\nauthor \x1b[31mEve\xff <e@x> 1700000000 +0000\n"
        b"committer " + b"E" * 100_000 + b" <e@x> 1700000000 +0000\n"
        + b"data %d\n" % len(message) + message
        + b"\nM 100644 inline " + name + b"\ndata 1\nx\n",
    )  # fmt: skip
    (commit,) = read_git(repository.path).history.commits
    shown = f"{commit.title}{commit.author.name}{(commit.files or ())[0].path}"
    assert not any(ord(char) < 32 or char == "\u202e" for char in shown)
    assert len(commit.title) <= 300
    assert commit.committer is not None
    assert len(commit.committer.shown) < 500
    assert commit.weights


def test_thousands_of_commits_and_one_with_very_many_files(repository: Repository) -> None:
    parts = []
    for at in range(3_000):
        files = b"M 100644 inline m.safetensors\ndata %d\n%d\n" % (len(str(at)), at)
        if at == 1_500:
            files = b"".join(
                b"M 100644 inline f%d.txt\ndata 1\nx\n" % n for n in range(MOST_FILES + 50)
            )
        parts.append(
            b"commit refs/heads/main\ncommitter Ann <ann@x> %d +0000\ndata 2\nhi\n"
            % (1_600_000_000 + at * 60)
            + files
            + b"\n"
        )
    fast_import(repository, b"".join(parts))
    begun = time.monotonic()
    found = read_git(repository.path).history
    assert time.monotonic() - begun < 60
    assert len(found.commits) == 3_000
    assert sum(bool(commit.weights) for commit in found.commits) == 2_999
    assert found.complete
    assert any("not kept" in problem for problem in found.problems)


def test_broken_objects_are_no_answer(repository: Repository) -> None:
    repository.commit("one", a__bin="1")
    tree = repository.git("rev-parse", "HEAD^{tree}")
    (repository.path / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    with pytest.raises(UndecidedError, match="missing or broken"):
        read_git(repository.path)


def test_git_that_takes_too_long_is_ended(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit("one")
    monkeypatch.setattr(borrowed, "SECONDS", 0.0)
    with pytest.raises(UndecidedError, match="longer than"):
        read_git(repository.path)


def test_too_much_output_is_no_answer(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit("one")
    monkeypatch.setattr(borrowed, "OUTPUT", 10)
    with pytest.raises(UndecidedError, match="put out more"):
        read_git(repository.path)


def test_nothing_is_left_behind(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit("one", README__md="---\nlicense: mit\n---\n")
    before = sorted(str(p) for p in (repository.path / ".git").rglob("*"))
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    license_states(read_git(repository.path))
    assert list(place.iterdir()) == []
    assert sorted(str(p) for p in (repository.path / ".git").rglob("*")) == before
