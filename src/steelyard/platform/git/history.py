# SPDX-License-Identifier: Apache-2.0
"""Turns the objects of a borrowed repository into commits, changes, tags and texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct, structs

from steelyard.kernel.errors import InputError
from steelyard.kernel.limits import KIB
from steelyard.platform.git.borrowed import BorrowedRepository
from steelyard.provenance.history.model import Commit, FileChange, History, Person, Rewrite, Tag

MOST_COMMITS = 50_000
MOST_FILES = 2_000
"""Changes kept of one commit."""
MOST_TEXTS = 400
"""Versions of cards and license texts that are read."""
MOST_TAGS = 5_000
_TEXT_BYTES = 256 * KIB
_COMMIT_KEPT = 64 * KIB
_POINTER_BYTES = 1_024
_POINTERS_MOST = 50_000
_TITLE = 300
_TOKEN = 64 * KIB
_POINTER = b"version https://git-lfs.github.com/spec/"
_PERSON = re.compile(rb"\A(?P<name>[^<>]*)<(?P<email>[^<>]*)> (?P<time>-?\d{1,19}) [+-]\d{4}\Z")
_REFLOG = re.compile(
    r"\A(?P<ref>[^\0]*)\0(?P<old>[0-9a-f]{40,64}) (?P<new>[0-9a-f]{40,64}) .*> (?P<time>\d{1,12}) "
    r"[+-]\d{4}\t(?P<what>.*)\Z"
)
_FORCED = re.compile(r"forced[- ]update", re.IGNORECASE)
_HEX = re.compile(r"\A[0-9a-fA-F]{7,64}\Z")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_PAPERS = (":(icase)readme*", ":(icase)model*card*", ":(icase)*licen[cs]e*", ":(icase)copying*",
           ":(icase)notice*", ":(icase)*polic*", ":(icase)terms*")  # fmt: skip
_STATUS = {"A": "added", "D": "deleted", "T": "type"}


class PaperVersion(Struct, frozen=True, kw_only=True):
    """A card or license text as one commit left it; an empty ``blob`` means it was removed."""

    commit: str
    path: str
    blob: str


class ReadHistory(Struct, frozen=True, kw_only=True):
    """A history, and the versions of its papers along the first parents, newest first."""

    history: History
    papers: tuple[PaperVersion, ...]
    texts: dict[str, bytes]
    """Contents by blob, of those versions that are small enough."""


def read_git(path: Path, since: str = "") -> ReadHistory:
    """Return the history of HEAD of the repository at ``path``.

    ``since`` is the commit (id, branch or tag) something was recorded about before.

    Raises:
        InputError: there is no repository or no commit, or it does not know ``since``.
        UndecidedError: git failed, took too long or put out too much.
    """
    with BorrowedRepository(path) as repository:
        return _Reader(repository, path).read(since)


class _Reader:
    def __init__(self, repository: BorrowedRepository, path: Path) -> None:
        self._git, self._path = repository, path
        self._problems: list[str] = []

    def read(self, since: str) -> ReadHistory:
        head = self._git.head()
        if not head:
            raise InputError(
                f"The repository at {str(self._path)!r} has no commits.",
                next_step="Check that the clone is complete.",
                code="history.empty",
            )
        listed = self._list(head)
        commits = self._commits(listed)
        changes = self._changes(list(listed))
        commits = [structs.replace(commit, files=changes.get(commit.id, ())) for commit in commits]
        commits = self._mark_pointers(commits)
        papers = self._papers(head)
        recorded, kept = self._since(since, head)
        complete = len(listed) < MOST_COMMITS and not self._git.shallow
        if self._git.shallow:
            self._problems.append("The clone is shallow: what lies before it is not known.")
        if len(listed) >= MOST_COMMITS:
            self._problems.append(f"Only the newest {MOST_COMMITS:,} commits were read.")
        history = History(
            source="git",
            head=head,
            commits=tuple(commits),
            complete=complete,
            tags=self._tags(),
            rewrites=tuple(self._rewrites()),
            since=recorded,
            since_is_ancestor=kept,
            problems=tuple(self._problems),
        )
        return ReadHistory(history=history, papers=tuple(papers), texts=self._texts(papers))

    def _list(self, head: str) -> dict[str, tuple[str, ...]]:
        words = ["rev-list", "--date-order", "--parents", f"--max-count={MOST_COMMITS}", head, "--"]
        listed: dict[str, tuple[str, ...]] = {}
        for line in self._git.lines(words):
            name, *parents = line.split(" ")
            listed[name] = tuple(parents[:64])
        return listed

    def _commits(self, listed: dict[str, tuple[str, ...]]) -> list[Commit]:
        found = []
        for name, kind, data in self._objects(list(listed), _COMMIT_KEPT):
            if kind == "commit" and name in listed:
                found.append(_commit(name, listed[name], data))
        if len(found) < len(listed):
            self._problems.append(f"{len(listed) - len(found)} commits could not be read.")
        return found

    def _objects(self, names: Sequence[str], most: int) -> Iterator[tuple[str, str, bytes]]:
        """Yield each object with its type and first ``most`` bytes; what is missing is left out."""
        given = "".join(f"{name}\n" for name in names).encode()
        if not given:
            return
        rest = bytearray()
        stream = self._git.stream(["cat-file", "--batch"], given)
        while True:
            while (end := rest.find(b"\n")) < 0:
                data = next(stream, None)
                if data is None:
                    return
                rest += data
            words = rest[:end].decode("ascii", "replace").split(" ")
            del rest[: end + 1]
            if len(words) != 3 or not words[2].isdigit():
                continue
            left, kept = int(words[2]) + 1, bytearray()
            while left:
                if not rest:
                    data = next(stream, None)
                    if data is None:
                        return
                    rest += data
                part = rest[:left]
                if len(kept) < most:
                    kept += part[: most - len(kept)]
                left -= len(part)
                del rest[: len(part)]
            size = int(words[2])
            yield words[0], words[1], bytes(kept[: min(size, most)])

    def _changes(self, names: Sequence[str]) -> dict[str, tuple[FileChange, ...]]:
        """Return what each commit changed; of a merge, what differs from all its parents."""
        words = ["diff-tree", "--stdin", "-r", "-z", "--raw", "--root", "--no-renames", "-c",
                 "--no-abbrev", "--no-ext-diff", "--no-textconv"]  # fmt: skip
        given = "".join(f"{name}\n" for name in names).encode()
        known = set(names)
        found: dict[str, list[FileChange]] = {}
        current, meta, cut = "", "", 0
        for token in _tokens(self._git.stream(words, given)):
            if meta:
                if len(found[current]) < MOST_FILES:
                    found[current].append(_change(meta, token))
                else:
                    cut += 1
                meta = ""
            elif token.startswith(b":") and current:
                meta = token.decode("ascii", "replace")
            elif (name := token.decode("ascii", "replace").strip()) in known:
                current = name
                found.setdefault(name, [])
        if cut:
            self._problems.append(f"{cut:,} changes of commits with very many were not kept.")
        return {name: tuple(changes) for name, changes in found.items()}

    def _mark_pointers(self, commits: list[Commit]) -> list[Commit]:
        """Tell weights that lie in git from pointers to them, by the small blobs' contents."""
        blobs = list(
            dict.fromkeys(
                change.blob
                for commit in commits
                for change in commit.files or ()
                if change.weights and change.blob
            )
        )[:_POINTERS_MOST]
        given = "".join(f"{name}\n" for name in blobs).encode()
        sizes: dict[str, int] = {}
        for line in self._git.lines(["cat-file", "--batch-check"], given) if blobs else ():
            words = line.split(" ")
            if len(words) == 3 and words[2].isdigit():
                sizes[words[0]] = int(words[2])
        small = [name for name in blobs if sizes.get(name, _POINTER_BYTES + 1) <= _POINTER_BYTES]
        pointers = {
            name
            for name, kind, data in self._objects(small, _POINTER_BYTES)
            if kind == "blob" and data.startswith(_POINTER)
        }
        return [
            structs.replace(
                commit,
                files=tuple(
                    structs.replace(change, pointer=change.blob in pointers)
                    if change.weights and change.blob in sizes
                    else change
                    for change in commit.files or ()
                ),
            )
            if commit.weights
            else commit
            for commit in commits
        ]

    def _papers(self, head: str) -> list[PaperVersion]:
        """Return the versions of card and license texts at the root, along the first parents."""
        words = ["log", "--first-parent", "--diff-merges=first-parent", "--raw", "-z",
                 "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-textconv",
                 "--no-show-signature", "--no-mailmap", "--format=format:%x02%H",
                 f"--max-count={4 * MOST_TEXTS}", head, "--", *_PAPERS]  # fmt: skip
        found: list[PaperVersion] = []
        current, meta = "", ""
        for token in _tokens(self._git.stream(words)):
            if meta:
                change = _change(meta, token)
                if current and (change.card or change.license):
                    found.append(PaperVersion(commit=current, path=change.path, blob=change.blob))
                meta = ""
                continue
            text = token.decode("ascii", "replace")
            if text.startswith("\x02"):
                current, _, text = text[1:].partition("\n")
            if text.startswith(":"):
                meta = text
        if len(found) > MOST_TEXTS:
            self._problems.append(
                f"Only the newest {MOST_TEXTS} versions of card and license were read."
            )
        return found[:MOST_TEXTS]

    def _texts(self, papers: Sequence[PaperVersion]) -> dict[str, bytes]:
        blobs = list(dict.fromkeys(paper.blob for paper in papers if paper.blob))
        return {
            name: data
            for name, kind, data in self._objects(blobs, _TEXT_BYTES)
            if kind == "blob" and len(data) < _TEXT_BYTES
        }

    def _tags(self) -> tuple[Tag, ...]:
        named = [(ref, name) for ref, name in self._git.references().items()
                 if ref.startswith("refs/tags/")][:MOST_TAGS]  # fmt: skip
        given = "".join(f"{name}^{{commit}}\n" for _, name in named).encode()
        lines = self._git.lines(["cat-file", "--batch-check"], given) if named else []
        return tuple(
            Tag(name=_shown(ref.removeprefix("refs/tags/").encode()), commit=line.split(" ")[0])
            for (ref, _), line in zip(named, lines, strict=False)
            if line.split(" ")[1:2] == ["commit"]
        )

    def _rewrites(self) -> Iterator[Rewrite]:
        """Yield forced updates that this clone has witnessed."""
        for line in self._git.reflog():
            found = _REFLOG.match(line)
            if found and _FORCED.search(found["what"]):
                yield Rewrite(
                    branch=_shown(found["ref"].removeprefix("refs/").encode()),
                    before=found["old"],
                    after=found["new"],
                    time=int(found["time"]),
                    source="reflog",
                )

    def _since(self, since: str, head: str) -> tuple[str, bool | None]:
        """Return the recorded commit in full and whether HEAD contains it."""
        if not since:
            return "", None
        references = self._git.references()
        named = next(
            (references[ref] for ref in (since, f"refs/tags/{since}", f"refs/heads/{since}")
             if ref in references), since,
        )  # fmt: skip
        if not _HEX.match(named):
            raise InputError(
                f"There is no commit, branch or tag {since!r} in the clone.",
                next_step="Name the recorded commit by its id.",
                code="history.since",
            )
        given = f"{named.lower()}^{{commit}}\n".encode()
        words = self._git.lines(["cat-file", "--batch-check"], given)[0].split(" ")
        if words[1:2] != ["commit"]:
            # What was recorded is not even there any more: it cannot be an ancestor.
            known = len(named) in (40, 64)
            self._problems.append(f"The clone does not hold the recorded commit {named[:64]}.")
            return named.lower(), False if known and not self._git.shallow else None
        kept = self._git.succeeds(["merge-base", "--is-ancestor", words[0], head])
        return words[0], None if kept is False and self._git.shallow else kept


def _commit(name: str, parents: tuple[str, ...], data: bytes) -> Commit:
    """Return a commit from its object: headers, an empty line, the message."""
    head, _, message = data.partition(b"\n\n")
    author, committer = Person(), None
    authored = committed = None
    signed = False
    for line in head.split(b"\n"):
        key, _, value = line.partition(b" ")
        if key == b"author":
            author, authored = _person(value)
        elif key == b"committer":
            committer, committed = _person(value)
        elif key in (b"gpgsig", b"gpgsig-sha256"):
            signed = True
    return Commit(
        id=name,
        parents=parents,
        author=author,
        committer=committer,
        authored=authored,
        committed=committed,
        title=_shown(message.lstrip(b"\n")[: 4 * _TITLE].partition(b"\n")[0])[:_TITLE],
        signature="present" if signed else "none",
    )


def _person(value: bytes) -> tuple[Person, int | None]:
    found = _PERSON.match(value[:2_000])
    if found is None:
        return Person(name=_shown(value[:200])), None
    person = Person(
        name=_shown(found["name"].strip())[:200], email=_shown(found["email"].strip())[:200]
    )
    return person, int(found["time"])


def _tokens(stream: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what stands between zero bytes; of what is longer than any path, the beginning."""
    rest = b""
    for data in stream:
        *whole, last = data.split(b"\0")
        for part in whole:
            yield (rest + part)[:_TOKEN]
            rest = b""
        rest = (rest + last)[:_TOKEN]
    if rest:
        yield rest


def _change(meta: str, path: bytes) -> FileChange:
    """Return a change from a raw line: ``:modes… ids… status``; a merge has one id a parent."""
    words = meta.lstrip(":").split(" ")
    sides = meta.count(":", 0, 66) + 1
    blob = words[2 * sides - 1] if len(words) >= 2 * sides else ""
    letter = words[-1][:1]
    gone = not blob.strip("0")
    return FileChange(
        path=_shown(path),
        status="deleted" if gone else _STATUS.get(letter, "modified"),  # type: ignore[arg-type]
        blob="" if gone else blob,
    )


def _shown(data: bytes) -> str:
    """Return bytes as text nobody can hide anything in."""
    return _CONTROL.sub("\ufffd", data[:4_096].decode("utf-8", "replace"))
