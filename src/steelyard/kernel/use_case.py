# SPDX-License-Identifier: Apache-2.0
"""A use case: the business purpose a model is adopted for, written by hand as ``use-case.yaml``."""

from __future__ import annotations

import datetime
from typing import Literal

from msgspec import Struct

DataClass = Literal["public", "internal", "confidential", "restricted"]
PersonalData = Literal["none", "ordinary", "special-category"]
PeopleAffected = Literal["nobody", "staff", "customers", "public"]
Autonomy = Literal["assistive", "supervised", "autonomous"]
Exposure = Literal["internal", "partner", "public"]


class UseCase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One use case. Optional fields that are absent are *unknown* to the charter's rules."""

    name: str
    """Short stable name, lower-case with dashes."""
    purpose: str
    """One sentence: what the model will do, for whom."""
    owner: str
    """Mail address of the accountable person or team."""
    data_class: DataClass
    personal_data: PersonalData
    people_affected: PeopleAffected
    autonomy: Autonomy
    exposure: Exposure
    environment: str
    """Where the model will run: ``sandbox``, ``staging``, ``production`` …"""
    regions: tuple[str, ...]
    """ISO country codes, or ``EU``."""
    commercial: bool
    """Used for commercial advantage, inside a company or in a product."""
    sector: str
    """``software``, ``health``, ``finance``, ``education`` …"""
    expires: datetime.date
    """Last day the use case is valid; no decision outlives it."""
    sponsor: str | None = None
    """Mail address of the executive sponsor."""
    outputs_train_models: bool | None = None
    """Outputs will be used to train other models."""
    redistributes: bool | None = None
    """The weights, changed or not, are handed to others."""
    monthly_users: int | None = None
    """Monthly active users of the product at its planned size."""
    revenue_usd: int | None = None
    """Yearly revenue of the organization in US dollars (some licenses cap it)."""
    establishment: str | None = None
    """Where the user is established: ISO country codes or ``EU``, separated by commas. Some
    licenses leave places out. Without it the regions count."""
    monthly_users_at_release: int | None = None
    """Monthly active users when the upstream version was released; some licenses count then."""
    registered: bool | None = None
    """The registration a license asks for was made, or its license was granted."""
    unit: str | None = None
    """Business unit or team that owns it, as the organization names it."""
    phase: str | None = None
    """Phase of the charter's release plan the use is for, such as ``pilot``."""
    data_sources: tuple[str, ...] | None = None
    """Where the data comes from that the model will be used on."""
    eu_ai_act: dict[str, str | tuple[str, ...]] | None = None
    """Answers to the questionnaire of the EU AI Act; see ``steelyard regulation questions``."""
