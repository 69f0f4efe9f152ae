# SPDX-License-Identifier: Apache-2.0
"""How people come in: the organization's login (OpenID Connect) and its provisioning (SCIM).

What a group means is written a line each: ``ml-legal: legal, risk``.
"""

from __future__ import annotations

from starlette.responses import Response

from steelyard.api.identity.roles import known_roles
from steelyard.kernel.errors import FieldErrors, MissingError
from steelyard.platform.identity import directory, scim_directory
from steelyard.platform.identity.directory import OidcView
from steelyard.platform.identity.directory_tables import DirectoryRow
from steelyard.platform.identity.mapping import Mapping
from steelyard.platform.identity.oidc import Provider
from steelyard.platform.identity.scim_directory import ScimToken, ScimView
from steelyard.platform.work import Work
from steelyard.ui.admin.choices import role_choices, unit_choices
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.reveal import reveal

pages = Pages()
_HERE = "/admin/sign-in"
_LINES, _LONG = 1000, 200
_FIELDS = (("issuer", 500), ("client_id", 300), ("client_secret", 300), ("scopes", 300),
           ("groups_claim", 300))  # fmt: skip


@pages.page(_HERE, right="identity.read")
def show(viewer: Viewer) -> Response:
    """Show how people come in."""
    return _page(viewer)


def _page(viewer: Looking, form: Form | None = None, scim: Form | None = None) -> Response:
    oidc = viewer.find(_oidc)
    kept = viewer.find(_scim)
    base = viewer.house.settings.public_url.rstrip("/")
    base = base or str(viewer.request.base_url).rstrip("/")
    shown = form or _filled(oidc)
    return viewer.show(
        "admin/sign_in.html",
        form=form or scim or shown,
        oidc_form=shown,
        scim_form=scim or Form(scim_roles=_written(kept.mapping.roles) if kept else "",
                               scim_units=_written(kept.mapping.units) if kept else "",
                               scim_everybody=", ".join(kept.mapping.everybody) if kept else ""),
        oidc=oidc,
        scim=kept,
        fixed=viewer.house.settings.oidc_issuer,
        callback=f"{base}/api/v1/login/oidc/callback",
        scim_address=f"{base}/scim/v2",
        roles=role_choices(viewer),
        units=unit_choices(viewer),
    )  # fmt: skip


def _oidc(session: object) -> OidcView | None:
    try:
        return directory.get(session)  # type: ignore[arg-type] # a session of the database
    except MissingError:
        return None


def _scim(session: object) -> ScimView | None:
    try:
        return scim_directory.get(session)  # type: ignore[arg-type] # a session of the database
    except MissingError:
        return None


def _filled(oidc: OidcView | None) -> Form:
    if oidc is None:
        return Form(scopes="openid profile email", groups_claim="groups", everybody="requester")
    return Form(
        issuer=oidc.issuer, client_id=oidc.client_id, scopes=oidc.scopes,
        groups_claim=oidc.groups_claim, roles=_written(oidc.mapping.roles),
        units=_written(oidc.mapping.units), everybody=", ".join(oidc.mapping.everybody),
    )  # fmt: skip


def _written(meant: dict[str, list[str]]) -> str:
    return "\n".join(f"{group}: {', '.join(names)}" for group, names in meant.items())


def _mapping(viewer: Looking, form: Form, before: str = "") -> Mapping:
    """Return what the groups mean, as a form says it.

    Raises:
        FieldErrors: a line cannot be read.
    """
    return Mapping(
        roles=_read(viewer, form, f"{before}roles"),
        units=_read(viewer, form, f"{before}units"),
        everybody=[
            name.strip() for name in form[f"{before}everybody"].split(",") if name.strip()
        ],
    )  # fmt: skip


def _read(viewer: Looking, form: Form, field: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    lines = form.lines(field)
    if len(lines) > _LINES:
        raise FieldErrors([(field, viewer.say("At most 1000 groups."))])
    for line in lines:
        group, colon, names = line.rpartition(":")
        meant = [name.strip() for name in names.split(",") if name.strip()]
        if not colon or not group.strip() or not meant or len(group) > _LONG:
            said = viewer.say("Write each line as “group: role, role”; this one is not: %(line)s")
            raise FieldErrors([(field, said % {"line": line[:80]})])
        found[group.strip()] = meant
    return found


def _check_fields(viewer: Looking, form: Form) -> None:
    needed = ("issuer", "client_id", "groups_claim")
    faults = [
        (name, viewer.say("This is too long.")) for name, most in _FIELDS if len(form[name]) > most
    ]
    faults += [(name, viewer.say("This is needed.")) for name in needed if not form[name]]
    if faults:
        raise FieldErrors(faults)


@pages.form(_HERE, right="identity.configure")
def configure(viewer: Viewer, form: Sent) -> Response:
    """Say how people log in through the organization, and what its groups mean."""

    def act(work: Work) -> OidcView:
        _check_fields(viewer, form)
        provider = Provider(
            issuer=form["issuer"], client_id=form["client_id"],
            client_secret=form.secret("client_secret"),
            scopes=form["scopes"] or "openid profile email", groups_claim=form["groups_claim"],
        )  # fmt: skip
        exists = directory.read(work.session) is not None
        try:
            return directory.configure(
                work, viewer.actor, provider, _mapping(viewer, form), known_roles(work),
                form.version if exists else None,
            )  # fmt: skip
        except FieldErrors as error:
            raise _by_field(error) from error

    return viewer.act(
        form, act, then=_HERE, said=viewer.say("People can log in with the organization now."),
        again=lambda: _page(viewer, form),
    )  # fmt: skip


def _by_field(error: FieldErrors, before: str = "") -> FieldErrors:
    """Return the faults of a mapping by the field of the form that holds the line."""
    told: dict[str, list[str]] = {}
    for field, said in error.faults:
        head, dot, group = field.partition(".")
        name = f"{before}{head}" if head in ("roles", "units", "everybody") else head
        told.setdefault(name, []).append(f"{group}: {said}" if dot else said)
    return FieldErrors([(name, "\n".join(each)) for name, each in told.items()])


@pages.form(_HERE + "/scim", right="identity.configure")
def provision(viewer: Viewer, form: Sent) -> Response:
    """Say what the groups mean that the directory sends."""

    def act(work: Work) -> ScimView:
        exists = work.session.get(DirectoryRow, "scim") is not None
        try:
            return scim_directory.configure(
                work, viewer.actor, _mapping(viewer, form, "scim_"), known_roles(work),
                form.version if exists else None,
            )  # fmt: skip
        except FieldErrors as error:
            raise _by_field(error, "" if _ours(error) else "scim_") from error

    return viewer.act(
        form, act, then=_HERE, said=viewer.say("The change is saved."),
        again=lambda: _page(viewer, scim=form),
    )  # fmt: skip


def _ours(error: FieldErrors) -> bool:
    """Tell whether faults are named after fields of our form already."""
    return all(field.startswith("scim_") for field, _ in error.faults)


@pages.form(_HERE + "/scim/token", right="identity.configure")
def issue_token(viewer: Viewer, form: Sent) -> Response:
    """Issue the directory's token and show it, this once; the one before stops at once."""

    def shown(made: ScimToken) -> Response:
        return viewer.show(
            "admin/secret.html",
            heading=viewer.say("The token of the directory"),
            lead=viewer.say("Enter it at the directory, with the address of provisioning."),
            secrets=[(viewer.say("Token"), made.token)],
            back=_HERE,
        )

    return reveal(
        viewer, form, lambda work: scim_directory.issue_token(work, viewer.actor),
        then=_HERE, again=lambda: _page(viewer), show=shown,
    )  # fmt: skip


@pages.form(_HERE + "/scim/token/end", right="identity.configure")
def end_token(viewer: Viewer, form: Sent) -> Response:
    """Take the directory's token away."""
    return viewer.act(
        form, lambda work: scim_directory.end(work, viewer.actor), then=_HERE,
        said=viewer.say("The directory provisions nobody any more."), again=lambda: _page(viewer),
    )  # fmt: skip
