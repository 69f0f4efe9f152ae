# SPDX-License-Identifier: Apache-2.0
"""Sends a new proof: its file, what it is about, and since when it speaks."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, NamedTuple, cast, get_args

from starlette.datastructures import UploadFile
from starlette.responses import Response

from steelyard.catalog.controls import evidence_types
from steelyard.governance.assessment import evidencing
from steelyard.governance.assessment.evidence import EVIDENCE_MOST, Effect, Says
from steelyard.governance.inventory import uploads
from steelyard.kernel.digest import is_sha256
from steelyard.kernel.errors import FieldErrors
from steelyard.kernel.limits import MIB
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.evidence.target import target_of

if TYPE_CHECKING:
    from collections.abc import Iterator

pages = Pages()


class Kept(NamedTuple):
    """A file that was sent; a form that must be corrected names it, so that it is sent once."""

    sha256: str
    name: str
    media: str


@pages.page("/evidence/new", right="evidence.write")
def new(viewer: Viewer) -> Response:
    """Show the form for a proof; the address may say what it is about."""
    query = viewer.request.query_params
    given: dict[str, Any] = {
        name: query.get(name, "")[:100] for name in ("target", "control", "task", "kind", "revises")
    }
    return _new(viewer, Form(**given, says="supports", effect="advisory"), None)


@pages.form("/evidence/new", right="evidence.write")
def attach(viewer: Viewer, form: Sent) -> Response:
    """Keep the file that was sent, and attach it to what it is about."""
    kept = None
    try:
        kept = _kept(viewer, form)
        given = _given(viewer, form, kept)
    except FieldErrors as error:
        return viewer.refuse(form, error, lambda: _new(viewer, form, kept))
    assert kept is not None
    size = viewer.house.blobs.size(kept.sha256)
    return viewer.act(
        form,
        lambda work: evidencing.add(
            work, viewer.actor, sha256=kept.sha256, size=size, name=kept.name, media=kept.media,
            **given,
        ),
        then=lambda made: f"/evidence/{made.id}",
        said=viewer.say("The evidence is attached. Somebody else must verify it."),
        again=lambda: _new(viewer, form, kept),
    )  # fmt: skip


def _new(viewer: Looking, form: Form, kept: Kept | None) -> Response:
    target = (
        viewer.find(lambda session: target_of(session, viewer, form["target"]))
        if form["target"]
        else None
    )
    kinds = sorted(((each.id, each.title) for each in evidence_types().values()),
                   key=lambda each: each[1])  # fmt: skip
    return viewer.show(
        "evidence/new.html", form=form, target=target, kept=kept, kinds=kinds,
        most=min(EVIDENCE_MOST, viewer.house.settings.upload_mib * MIB),
    )  # fmt: skip


def _given(viewer: Looking, form: Form, kept: Kept | None) -> dict[str, Any]:
    """Return the fields of a proof.

    Raises:
        FieldErrors: with everything that is wrong.
    """
    wrong: list[tuple[str, str]] = []
    days: dict[str, dt.date | None] = {}
    for name in ("effective", "expires"):
        try:
            days[name] = dt.date.fromisoformat(form[name]) if form[name] else None
        except ValueError:
            wrong.append((name, viewer.say("Choose a day.")))
    if not form["effective"]:
        wrong.append(("effective", viewer.say("Choose the day the proof speaks of.")))
    for name in ("title", "source"):
        if not 1 <= len(form[name]) <= 300:
            wrong += [(name, viewer.say("Write 1 to 300 characters."))]
    for name, known in (("effect", get_args(Effect)), ("says", get_args(Says))):
        if form[name] not in known:
            wrong.append((name, viewer.say("Choose one from the list.")))
    if not form["target"]:
        wrong.append(("target", viewer.say("Say what the proof is about.")))
    if kept is None:
        wrong.append(("file", viewer.say("Choose the file.")))
    if wrong:
        raise FieldErrors(wrong)
    return {
        "kind": form["kind"], "title": form["title"], "source": form["source"],
        "target": form["target"], "control": form["control"][:100], "task": form["task"][:100],
        "revises": form["revises"], "effective": days["effective"], "expires": days["expires"],
        "effect": cast("Effect", form["effect"]), "says": cast("Says", form["says"]),
    }  # fmt: skip


def _kept(viewer: Looking, form: Form) -> Kept | None:
    """Keep the bytes of the file in the form and note who sent them.

    A form that had to be corrected names the file it sent before; whether it was theirs is found
    out when it is attached.

    Raises:
        FieldErrors: the file is too large.
    """
    file = form.file("file")
    blobs = viewer.house.blobs
    if file is None:
        if not is_sha256(form["sha256"]):
            return None
        return Kept(form["sha256"], clean_name(form["name"]), media_of(form["media"]))
    most = min(EVIDENCE_MOST, viewer.house.settings.upload_mib * MIB)
    with file.file:
        if (file.size or 0) > most:
            said = viewer.say("The file is too large: at most %(most)d MiB.", most=most // MIB)
            raise FieldErrors([("file", said)])
        file.file.seek(0)
        sha256 = blobs.put_stream(_pieces(file), most=most)
    size = blobs.size(sha256)
    viewer.house.transact(lambda work: uploads.note_upload(work, viewer.actor, sha256, size))
    return Kept(sha256, clean_name(file.filename or ""), media_of(file.content_type or ""))


def _pieces(file: UploadFile) -> Iterator[bytes]:
    while piece := file.file.read(MIB):
        yield piece


def clean_name(stated: str) -> str:
    """Return the last part of a file's name, without what no name may hold."""
    last = stated.replace("\\", "/").rpartition("/")[2]
    clean = "".join(each for each in last if each.isprintable() and each != '"').strip()
    return clean[-255:] or "evidence"


def media_of(stated: str) -> str:
    """Return a media type as it is kept; one that is none becomes plain bytes."""
    stated = stated.partition(";")[0].strip().lower()
    kind, _, subtype = stated.partition("/")
    letters = (kind + subtype).replace(".", "").replace("+", "").replace("-", "")
    if kind and subtype and letters.isascii() and letters.isalnum() and len(stated) <= 100:
        return stated
    return "application/octet-stream"
