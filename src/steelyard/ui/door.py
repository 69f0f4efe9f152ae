# SPDX-License-Identifier: Apache-2.0
"""What every page shares: who looks, what a form sent, and how a change is answered.

A page and its form are written so::

    @pages.page("/use-cases/new", right="use-case.write")
    def new(viewer: Viewer) -> Response:
        return viewer.show("use_cases/new.html", form=EMPTY)

    @pages.form("/use-cases/new", right="use-case.write")
    def register(viewer: Viewer, form: Sent) -> Response:
        return viewer.act(
            form,
            lambda work: service.register(work, viewer.actor, facts_of(form)),
            then=lambda case: f"/use-cases/{case.id}",
            said=lambda case: viewer.say("The use case is registered."),
            again=lambda: viewer.show("use_cases/new.html", form=form),
        )

A form carries a key of its own, so that one sent twice is done once, and the version of what it
changes, so that nobody's change is lost.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.responses import RedirectResponse, Response
from structlog.contextvars import bind_contextvars

from steelyard.api.door import Called, refuse_nul
from steelyard.bootstrap.house import House
from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import (
    BusyError,
    ConflictError,
    DocumentErrors,
    FieldErrors,
    ForbiddenError,
    InputError,
    SteelyardError,
    UnauthenticatedError,
)
from steelyard.kernel.limits import MIB
from steelyard.platform.identity import people
from steelyard.platform.identity.permissions import allowed, demand
from steelyard.platform.work import Work
from steelyard.ui import flash, templates, texts
from steelyard.ui.look import Look, look_of

T = TypeVar("T")
H = TypeVar("H", bound=Callable[..., Any])
OPEN = "open"
"""The right of a page that anybody may see without logging in."""
_SHOWN_AGAIN = (InputError, ConflictError, ForbiddenError, BusyError, UnauthenticatedError)
"""Errors a person can do something about at the form itself."""
_FILES_MOST = 2000
"""Files of one form."""
_STRANGERS_MOST = MIB
"""Bytes of a form with files that are read from somebody nobody knows: what they typed is kept."""


class Pages(APIRouter):
    """Pages of one room. Every one names the right it asks for."""

    def page(self, path: str, *, right: str) -> Callable[[H], H]:
        """Return what makes a function the page at ``path``."""
        return self._add("GET", path, right)

    def form(self, path: str, *, right: str, files: bool = False) -> Callable[[H], H]:
        """Return what makes a function the receiver of the form at ``path``.

        A form that brings ``files`` may be as large as the files of a model; it is read only once
        it is known who sends it. Its path stands in :data:`steelyard.api.app.STREAMED`.
        """
        return self._add("POST", path, right, files)

    def _add(self, method: str, path: str, right: str, files: bool = False) -> Callable[[H], H]:
        def add(handler: H) -> H:
            self.add_api_route(
                path, handler, methods=[method], response_model=None, include_in_schema=False,
                openapi_extra={"x-right": right, "x-page": True, "x-files": files},
            )  # fmt: skip
            return handler

        return add


class Form:
    """What a form sent: texts by name, in the order they were sent."""

    def __init__(self, data: FormData | None = None, **values: object) -> None:
        self._data = data if data is not None else FormData(
            [(name, str(value)) for name, value in values.items() if value is not None]
        )  # fmt: skip
        self.errors: dict[str, str] = {}
        """Name of a field → what is wrong with it."""

    def __getitem__(self, name: str) -> str:
        """Return the text of a field with its ends trimmed; nothing if it was not sent."""
        found = self._data.get(name)
        return found.strip() if isinstance(found, str) else ""

    def secret(self, name: str) -> str:
        """Return the text of a field exactly as it was typed."""
        found = self._data.get(name)
        return found if isinstance(found, str) else ""

    def many(self, name: str) -> list[str]:
        """Return every text sent under ``name`` that is not empty."""
        found = self._data.getlist(name)
        return [each.strip() for each in found if isinstance(each, str) and each.strip()]

    def lines(self, name: str) -> list[str]:
        """Return the lines of a text that are not empty."""
        return [line.strip() for line in self[name].splitlines() if line.strip()]

    def on(self, name: str) -> bool:
        """Tell whether a box was ticked."""
        return self[name] in ("on", "true", "yes", "1")

    def file(self, name: str) -> UploadFile | None:
        """Return an uploaded file, or None if none was chosen."""
        found = self._data.get(name)
        return found if isinstance(found, UploadFile) and found.filename else None

    def files(self, name: str) -> list[UploadFile]:
        """Return the files uploaded under ``name``; none if none was chosen."""
        found = self._data.getlist(name)
        return [each for each in found if isinstance(each, UploadFile) and each.filename]

    def with_(self, **values: str) -> Form:
        """Return the same form with some of its texts put in place of what was sent."""
        kept = [pair for pair in self._data.multi_items() if pair[0] not in values]
        return Form(FormData([*kept, *values.items()]))

    @property
    def key(self) -> str:
        """What tells this form from every other; empty if it carries none."""
        return self["form-key"]

    @property
    def version(self) -> int:
        """The version of the thing the form was filled for.

        Raises:
            InputError: the form carries none.
        """
        stated = self["version"]
        if not (stated.isascii() and stated.isdigit() and len(stated) <= 18):
            raise InputError(
                "The form does not say which version it is about.",
                next_step="Load the page again and send the form once more.",
                code="precondition.needed",
            )
        return int(stated)

    async def close(self) -> None:
        """Let go of the uploaded files."""
        await self._data.close()

    def pairs(self) -> list[tuple[str, str]]:
        """Return the names and texts that were sent, files left out."""
        return [(name, value) for name, value in self._data.multi_items() if isinstance(value, str)]


class Looking(Called):
    """One look at a page, or one form sent: who, how they like it shown, and how to answer."""

    def __init__(
        self, request: Request, house: House, actor: Actor | None, look: Look, body: bytes = b""
    ) -> None:
        super().__init__(request, house, actor or _NOBODY, body)
        self.known = actor is not None
        self.look = look
        self._texts = texts.of(look.language)

    def say(self, message: str, **values: object) -> str:
        """Return ``message`` in the language of the page, with ``%(name)s`` filled in."""
        said = self._texts.gettext(message)
        return said % values if values else said

    def may(self, right: str) -> bool:
        """Tell whether whoever looks may use a door that asks for ``right``."""
        return self.known and allowed(self.actor, right)

    def find(self, ask: Callable[[Session], T]) -> T:
        """Return what ``ask`` finds in the database."""
        with self.house.reading() as session:
            return ask(session)

    def names(self, ids: Iterable[str]) -> dict[str, str]:
        """Return the names of people by their ids; ids of nobody are left out."""
        wanted = {each for each in ids if each}
        return self.find(lambda session: people.names(session, wanted))

    def show(self, template: str, /, status: int = 200, **known: Any) -> Response:
        """Return a page made from a template, which is named below ``ui/``."""
        html = templates.render(self, template, known)
        response = Response(html, status, media_type="text/html; charset=utf-8")
        response.headers["cache-control"] = "no-store" if self.known else "no-cache"
        response.headers["vary"] = "Cookie, Accept-Language"
        if self.request.cookies.get(flash.COOKIE):
            response.delete_cookie(flash.COOKIE, path="/")
        return response

    def go(self, path: str, said: str = "", tone: str = "good") -> Response:
        """Lead the browser to another page of this server, which shows ``said`` once."""
        response = RedirectResponse(path, 303)
        if said:
            flash.put(self.request, response, said, tone)
        return response

    def act(  # type: ignore[override] # a form is answered with a page, not with a document
        self,
        form: Form,
        change: Callable[[Work], T],
        *,
        then: Callable[[T], str] | str,
        said: Callable[[T], str] | str = "",
        again: Callable[[], Response],
    ) -> Response:
        """Do ``change`` in one transaction and lead to ``then``, where ``said`` is shown.

        The same form sent twice is done once and answered twice. An error the person can do
        something about is shown in the form again (``again``), with everything they typed.
        """

        def answer(made: T) -> Response:
            return self.go(
                then if isinstance(then, str) else then(made),
                said if isinstance(said, str) else said(made),
            )

        try:
            return self.once(form.key, change, answer)
        except _SHOWN_AGAIN as error:
            return self.refuse(form, error, again)

    def refuse(self, form: Form, error: SteelyardError, again: Callable[[], Response]) -> Response:
        """Show a form again with what is wrong, by field where that is known."""
        from steelyard.api.problems import status_of

        if error.code == "idempotency.reused":  # the way back, other words, sent again
            error = ConflictError(
                self.say("You sent this form before, with other words; that was done."),
                next_step=self.say("Look whether it is what you want. Send it again to do both."),
                code=error.code,
            )
        form.errors = faults_of(error)
        self.request.state.error = error
        response = again()
        response.status_code = status_of(error)
        return response

    @property
    def error(self) -> SteelyardError | None:
        """What the form that is shown was refused for."""
        return getattr(self.request.state, "error", None)


_NOBODY = Actor(id="", alias="", name="")


def faults_of(error: SteelyardError) -> dict[str, str]:
    """Return what is wrong by name of field, as far as ``error`` knows it."""
    if isinstance(error, FieldErrors):
        return {field.rpartition(".")[2]: said for field, said in error.faults}
    if isinstance(error, DocumentErrors):
        return {"document": "\n".join(str(each) for each in error.errors)}
    return {}


class LoginNeeded(Exception):
    """Somebody unknown asked for a page; what they typed must not be lost."""

    def __init__(self, request: Request, form: Form | None) -> None:
        super().__init__("log in first")
        self.request, self.form = request, form


async def _read(request: Request, known: bool) -> Form | None:
    if request.method not in ("POST", "PUT", "PATCH"):
        return None
    if not request.scope["route"].openapi_extra.get("x-files"):
        return Form(await request.form(max_files=200, max_fields=2000, max_part_size=2**20))
    most = request.app.state.house.settings.upload_mib * MIB if known else _STRANGERS_MOST
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        return Form(await FormParser(request.headers, _counted(request, most)).parse())
    parser = MultiPartParser(
        request.headers, _counted(request, most), max_files=_FILES_MOST, max_fields=2000,
        max_part_size=2**20,
    )  # fmt: skip
    try:
        return Form(await parser.parse())
    except MultiPartException as error:
        raise InputError(
            f"The form cannot be read: {error.message}", next_step="Send it again.",
            code="form.malformed",
        ) from error  # fmt: skip


async def _counted(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    """Yield the body of a request, and refuse more than ``most`` bytes of it."""
    seen = 0
    async for piece in request.stream():
        seen += len(piece)
        if seen > most:
            raise InputError(
                f"The form is too large: at most {most // MIB} MiB are taken.",
                next_step="Send fewer or smaller files, or let an operator raise "
                "STEELYARD_UPLOAD_MIB.",
                code="body.size",
            )
        yield piece


async def _looking(request: Request) -> AsyncGenerator[Looking, None]:
    """Find out who looks, and check the right the page declares; uploads are gone afterwards."""
    refuse_nul(request)
    right = request.scope["route"].openapi_extra["x-right"]
    actor: Actor | None = await run_in_threadpool(request.app.state.authenticate, request)
    if actor is not None:
        request.scope["actor"] = actor.alias
        bind_contextvars(trace=request.scope.get("trace", ""), actor=actor.alias)
        if right != OPEN:
            demand(actor, right)
    form = await _read(request, actor is not None)
    request.state.form = form
    try:
        yield _lookup(request, actor, form)
    finally:
        if form is not None:
            await form.close()


def _lookup(request: Request, actor: Actor | None, form: Form | None) -> Looking:
    if form is not None and any("\x00" in name + value for name, value in form.pairs()):
        raise InputError(
            "A text holds the character U+0000.", next_step="Leave it out.",
            code="input.characters",
        )  # fmt: skip
    if actor is None and request.scope["route"].openapi_extra["x-right"] != OPEN:
        raise LoginNeeded(request, form)
    body = repr(form.pairs()).encode() if form is not None else b""
    return Looking(request, request.app.state.house, actor, look_of(request), body)


def _sent(request: Request, _: Annotated[Looking, Depends(_looking)]) -> Form:
    form: Form = request.state.form
    return form


Viewer = Annotated[Looking, Depends(_looking)]
"""Who looks at a page, and how they like it shown."""
Sent = Annotated[Form, Depends(_sent)]
"""What a form sent."""
