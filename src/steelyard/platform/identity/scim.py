# SPDX-License-Identifier: Apache-2.0
"""People and groups as a directory provisions them (SCIM 2.0), on our own tables.

The protocol is the library's; this is its storage. A person the directory deactivates or deletes is
disabled, with every session and token, in the same transaction. Deleting does not erase: who did
what stays known until an administrator erases the person.
"""

from __future__ import annotations

import re
from typing import Any

from scim2_models import (
    Email,
    Group,
    GroupMember,
    InvalidValueException,
    Meta,
    Name,
    NotFoundException,
    NotImplementedException,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    SearchRequest,
    UniquenessException,
    User,
)
from scim2_server.storage import ScimStorage, SearchPage
from sqlalchemy import Select, delete, func, or_, select

from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import ConflictError, FieldErrors
from steelyard.platform.identity import accounts, erasure, mapping
from steelyard.platform.identity.directory_tables import GroupMemberRow, GroupRow
from steelyard.platform.identity.mapping import Mapping
from steelyard.platform.identity.people import mail_key
from steelyard.platform.identity.tables import GrantRow, MembershipRow, PersonRow
from steelyard.platform.work import Work

DIRECTORY = Actor(id="system", alias="scim", kind="system", name="Directory")
"""Who does what the directory asks for."""
_EQUAL = re.compile(r'\A(userName|externalId|displayName|id) eq "([^"\\]*)"\Z', re.IGNORECASE)
_MOST = 20_000


class Provisioned(ScimStorage):
    """What one call of the directory reads and writes, in one unit of work."""

    def __init__(self, work: Work, wanted: Mapping, author: str, known: frozenset[str]) -> None:
        self._work, self._session = work, work.session
        self._mapping, self._author, self._known = wanted, author, known

    def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        """Return a user or a group."""
        if resource_type.name == "User":
            return self._user(self._person(resource_id))
        return self._group(self._group_row(resource_id))

    def search(
        self,
        resource_types: list[ResourceType],
        search_request: SearchRequest[Any],
        *,
        position: Any = None,
    ) -> SearchPage:
        """Return one page of users or groups."""
        if len(resource_types) != 1:
            raise NotImplementedException(detail="search /Users or /Groups")
        wanted = search_request.filter
        equal = _EQUAL.match(str(wanted)) if wanted is not None else None
        if resource_types[0].name == "User":
            found: list[Resource[Any]] = [self._user(row) for row in self._people(equal)]
        else:
            found = [self._group(row) for row in self._groups(equal)]
        if wanted is not None:
            found = [each for each in found if wanted.match(each)]
        start = search_request.start_index_0 or 0
        stop = None if search_request.count is None else start + search_request.count
        return SearchPage(len(found), found[start:stop])

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Make an account or a group."""
        if isinstance(resource, User):
            return self._create_user(resource)
        assert isinstance(resource, Group)
        return self._create_group(resource)

    def update(
        self,
        resource_type: ResourceType,
        resource: Resource[Any],
        *,
        expected_version: str | None = None,
    ) -> Resource[Any]:
        """Bring an account or a group to the state that is sent."""
        if isinstance(resource, User):
            row = self._person(str(resource.id), lock=True)
            _check_version(row.version, expected_version)
            self._change_user(row, resource)
            return self._user(self._person(row.id))
        assert isinstance(resource, Group)
        group = self._group_row(str(resource.id))
        _check_version(group.version, expected_version)
        self._change_group(group, resource)
        return self._group(group)

    def delete(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        expected_version: str | None = None,
    ) -> None:
        """Disable an account and take all roles away, or take a group away."""
        if resource_type.name == "User":
            row = self._person(resource_id, lock=True)
            _check_version(row.version, expected_version)
            self._disable(row)
            for table in (GrantRow, MembershipRow):
                self._session.execute(delete(table).where(table.person == row.id))
            self._session.execute(delete(GroupMemberRow).where(GroupMemberRow.person == row.id))
            row.source, row.external_id, row.user_name = "local", None, None
            return
        group = self._group_row(resource_id)
        _check_version(group.version, expected_version)
        members = self._members(group.id)
        self._session.execute(delete(GroupMemberRow).where(GroupMemberRow.group == group.id))
        self._session.delete(group)
        self._session.flush()
        for person_id in members:
            self._apply(person_id)

    # -- people ---------------------------------------------------------

    def _create_user(self, resource: User[Any]) -> User[Any]:
        mail, name = _mail_of(resource), _name_of(resource)
        row = self._session.scalar(
            select(PersonRow).where(PersonRow.mail_key == mail_key(mail)).with_for_update()
        )
        if row is not None and (row.source == "scim" or row.state not in ("invited", "disabled")):
            raise UniquenessException(detail="there is an account with that address")
        if row is None:
            found = accounts.create(self._work, DIRECTORY, mail, name=name, source="scim")
            row = accounts.row_of(self._session, found.id)
        row.source, row.user_name = "scim", resource.user_name
        row.external_id = resource.external_id
        self._activate(row, resource.active is not False)
        self._apply(row.id)
        self._flush()
        return self._user(row)

    def _change_user(self, row: PersonRow, resource: User[Any]) -> None:
        mail, name = _mail_of(resource), _name_of(resource)
        if mail != row.mail or name != row.name:
            accounts.change(self._work, DIRECTORY, row.id, None, mail=mail, name=name)
        if (resource.external_id, resource.user_name) != (row.external_id, row.user_name):
            row.external_id, row.user_name = resource.external_id, resource.user_name
            row.version += 1
        self._activate(row, resource.active is not False)
        self._flush()

    def _activate(self, row: PersonRow, active: bool) -> None:
        if not active:
            self._disable(row)
        elif row.state != "active":
            accounts.set_state(self._work, DIRECTORY, row.id, "active")

    def _disable(self, row: PersonRow) -> None:
        if row.state != "disabled":
            erasure.disable(self._work, DIRECTORY, row.id)

    def _person(self, person_id: str, *, lock: bool = False) -> PersonRow:
        query = _provisioned().where(PersonRow.id == person_id)
        row = self._session.scalar(query.with_for_update() if lock else query)
        if row is None:
            raise NotFoundException(detail="there is no such user")
        return row

    def _people(self, equal: re.Match[str] | None) -> list[PersonRow]:
        query = _provisioned().order_by(PersonRow.id).limit(_MOST)
        if equal is not None and equal[1].lower() == "username":
            query = query.where(
                or_(
                    PersonRow.mail_key == mail_key(equal[2]),
                    func.lower(PersonRow.user_name) == equal[2].lower(),
                )
            )
        elif equal is not None and equal[1].lower() == "externalid":
            query = query.where(PersonRow.external_id == equal[2])
        elif equal is not None and equal[1].lower() == "id":
            query = query.where(PersonRow.id == equal[2])
        return list(self._session.scalars(query))

    def _user(self, row: PersonRow) -> User[Any]:
        return User(
            id=row.id,
            external_id=row.external_id,
            user_name=row.user_name or row.mail,
            display_name=row.name or None,
            name=Name(formatted=row.name) if row.name else None,
            emails=[Email(value=row.mail, primary=True)],
            active=row.state == "active",
            meta=Meta(
                resource_type="User", created=row.created_at, last_modified=row.updated_at,
                version=f'W/"{row.version}"',
            ),
        )  # fmt: skip

    # -- groups ---------------------------------------------------------

    def _create_group(self, resource: Group) -> Group:
        now = self._work.now
        group = GroupRow(
            id=self._work.id("grp"), name=_group_name(resource), external_id=resource.external_id,
            created_at=now, updated_at=now, version=1,
        )  # fmt: skip
        taken = select(GroupRow.id).where(GroupRow.name == group.name)
        if self._session.scalar(taken) is not None:
            raise UniquenessException(detail="there is a group of that name")
        self._session.add(group)
        self._flush()
        self._set_members(group, resource)
        return self._group(group)

    def _change_group(self, group: GroupRow, resource: Group) -> None:
        name = _group_name(resource)
        renamed = name != group.name
        group.name, group.external_id = name, resource.external_id
        group.updated_at, group.version = self._work.now, group.version + 1
        self._flush()
        self._set_members(group, resource, all_of_them=renamed)

    def _set_members(self, group: GroupRow, resource: Group, *, all_of_them: bool = False) -> None:
        wanted = {member.value for member in resource.members or () if member.value}
        have = self._members(group.id)
        for person_id in sorted(wanted - have):
            self._person(person_id)
            self._session.add(GroupMemberRow(group=group.id, person=person_id))
        for person_id in have - wanted:
            self._session.execute(
                delete(GroupMemberRow).where(
                    GroupMemberRow.group == group.id, GroupMemberRow.person == person_id
                )
            )
        self._session.flush()
        for person_id in sorted(wanted | have if all_of_them else wanted ^ have):
            self._apply(person_id)

    def _apply(self, person_id: str) -> None:
        """Give and take what the groups of a person mean now."""
        groups = self._session.scalars(
            select(GroupRow.name)
            .join(GroupMemberRow, GroupMemberRow.group == GroupRow.id)
            .where(GroupMemberRow.person == person_id)
        ).all()
        mapping.apply(
            self._work, person_id, groups, self._mapping, "scim",
            author=self._author, known=self._known,
        )  # fmt: skip

    def _group_row(self, group_id: str) -> GroupRow:
        row = self._session.get(GroupRow, group_id, with_for_update=True)
        if row is None:
            raise NotFoundException(detail="there is no such group")
        return row

    def _groups(self, equal: re.Match[str] | None) -> list[GroupRow]:
        query = select(GroupRow).order_by(GroupRow.id).limit(_MOST)
        if equal is not None and equal[1].lower() == "displayname":
            query = query.where(func.lower(GroupRow.name) == equal[2].lower())
        return list(self._session.scalars(query))

    def _members(self, group_id: str) -> set[str]:
        query = select(GroupMemberRow.person).where(GroupMemberRow.group == group_id)
        return set(self._session.scalars(query))

    def _group(self, row: GroupRow) -> Group:
        members = [
            GroupMember.model_validate({"value": each, "$ref": f"Users/{each}", "type": "User"})
            for each in sorted(self._members(row.id))
        ]
        return Group(
            id=row.id,
            external_id=row.external_id,
            display_name=row.name,
            members=members or None,
            meta=Meta(
                resource_type="Group", created=row.created_at, last_modified=row.updated_at,
                version=f'W/"{row.version}"',
            ),
        )  # fmt: skip

    def _flush(self) -> None:
        self._session.flush()


def as_scim(error: ConflictError | FieldErrors) -> UniquenessException | InvalidValueException:
    """Return an error of the house as the protocol has it."""
    if isinstance(error, ConflictError):
        return UniquenessException(detail=error.message)
    return InvalidValueException(detail=error.message)


def _provisioned() -> Select[PersonRow]:
    return select(PersonRow).where(PersonRow.source == "scim", PersonRow.state != "erased")


def _mail_of(resource: User[Any]) -> str:
    emails = resource.emails or []
    chosen = next((each for each in emails if each.primary), emails[0] if emails else None)
    mail = (chosen.value if chosen is not None else None) or resource.user_name or ""
    if "@" not in mail:
        raise InvalidValueException(detail="a user needs a mail address")
    return str(mail)


def _name_of(resource: User[Any]) -> str:
    if resource.display_name:
        return str(resource.display_name)[:200]
    name = resource.name
    if name is None:
        return ""
    return (name.formatted or f"{name.given_name or ''} {name.family_name or ''}").strip()[:200]


def _group_name(resource: Group) -> str:
    name = (resource.display_name or "").strip()
    if not 0 < len(name) <= 200:
        raise InvalidValueException(detail="a group needs a displayName of 1 to 200 characters")
    return name


def _check_version(version: int, expected: str | None) -> None:
    if expected is not None and expected.removeprefix("W/").strip('"') != str(version):
        raise PreconditionFailedException
