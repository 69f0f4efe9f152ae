# SPDX-License-Identifier: Apache-2.0
"""The template engine: one for each language, strict about names, escaping everything."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from steelyard import __version__
from steelyard.reporting.chips import Chip
from steelyard.ui import assets, chips, flash, texts, words
from steelyard.ui.formats import Formats
from steelyard.ui.menu import menu_of
from steelyard.ui.tables import link_of

if TYPE_CHECKING:
    from steelyard.ui.door import Looking


NOTHING = "\u2013"
"""Shown where there is no value."""


@cache
def environment(language: str) -> Environment:
    """Return the engine whose texts are in ``language``."""
    engine = Environment(
        loader=PackageLoader("steelyard", "ui"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    engine.install_gettext_translations(texts.of(language), newstyle=True)  # type: ignore[attr-defined]
    engine.globals.update(
        static=assets.address,
        languages=texts.LANGUAGES,
        program=__version__,
        fresh_key=lambda: secrets.token_urlsafe(18),
        icon=icon,
        link_of=link_of,
    )
    engine.filters.update(
        when=_when, moment=_moment, day=_day, ago=_ago, number=_number, size=_size,
        percent=_percent, chip=_chip, short=short, local=_local, zip_with=zip,
        source_word=_told(words.source), method_word=_told(words.method),
        clock_word=_told(words.clock),
    )  # fmt: skip
    return engine


def render(viewer: Looking, template: str, known: dict[str, Any]) -> str:
    """Return the page that ``template`` makes of what is ``known``."""
    shared: dict[str, Any] = {
        "viewer": viewer,
        "actor": viewer.actor if viewer.known else None,
        "look": viewer.look,
        "path": viewer.request.url.path,
        "menu": menu_of(viewer),
        "said": flash.take(viewer.request),
        "error": viewer.error,
        "trace": viewer.trace,
        "now": viewer.house.clock(),
        "formats": Formats(viewer.look.language, viewer.look.zone),
        "faults": {},
    }
    form = known.get("form")
    if form is not None:
        shared["faults"] = form.errors
    page = environment(viewer.look.language).get_template(template)
    return page.render({**shared, **known})


def icon(name: str, css: str = "") -> Markup:
    """Return a drawn sign; it says nothing to a screen reader, so a word must stand beside it."""
    return Markup(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>'
    ).format(css, assets.address("icons.svg"), name)


def short(text: str, most: int = 12) -> str:
    """Return the beginning of a digest or commit."""
    return text if len(text) <= most else text[:most] + "…"


@pass_context
def _when(context: Context, moment: dt.datetime | None) -> Markup:
    """Show a moment as people say it, with the exact one behind it."""
    if moment is None:
        return escape(NOTHING)
    formats: Formats = context["formats"]
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        moment.isoformat(), formats.moment(moment), formats.ago(moment - context["now"])
    )


@pass_context
def _moment(context: Context, moment: dt.datetime | None) -> Markup:
    """Show a moment exactly."""
    if moment is None:
        return escape(NOTHING)
    formats: Formats = context["formats"]
    return Markup('<time datetime="{}">{}</time>').format(
        moment.isoformat(), formats.moment(moment)
    )


@pass_context
def _day(context: Context, day: dt.date | dt.datetime | None) -> str:
    formats: Formats = context["formats"]
    return NOTHING if day is None else formats.day(day)


@pass_context
def _ago(context: Context, moment: dt.datetime) -> str:
    formats: Formats = context["formats"]
    return formats.ago(moment - context["now"])


@pass_context
def _number(context: Context, value: float) -> str:
    formats: Formats = context["formats"]
    return formats.number(value)


@pass_context
def _size(context: Context, value: int) -> str:
    formats: Formats = context["formats"]
    return formats.size(value)


@pass_context
def _percent(context: Context, value: float) -> str:
    formats: Formats = context["formats"]
    return formats.percent(value)


@pass_context
def _local(context: Context, word: str) -> str:
    """Return a word of the data, a state or a role say, in the language of the page."""
    viewer: Looking = context["viewer"]
    return viewer.say(word) if word else ""


def _told(words_of: Callable[[str], str]) -> Callable[[Context, str], str]:
    """Return a filter that says a value of the data in a phrase of the page's language."""

    @pass_context
    def say(context: Context, value: str) -> str:
        return _local(context, words_of(value))

    return say


@pass_context
def _chip(context: Context, state: str, kind: str) -> Markup:
    """Show a state as color, sign and word."""
    viewer: Looking = context["viewer"]
    found: Chip = chips.of(kind, state)
    return Markup('<span class="chip {}">{}{}</span>').format(
        found.tone, icon(found.icon), viewer.say(found.word)
    )
