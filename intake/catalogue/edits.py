"""The only writer of editable data: writes changes with their history, and undoes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.catalogue import places, routing_rules, text_overrides
from intake.errors import MoveNotAllowed, NotFound, StaleVersion
from intake.storage.models import Edit, Edited


class Store(Protocol):
    """One kind of editable data: values by name, None for one that does not exist."""

    async def read(self, session: AsyncSession, names: Collection[str]) -> dict[str, Any]: ...
    async def write(self, session: AsyncSession, values: Mapping[str, Any]) -> None: ...


STORES: Mapping[str, Store] = {m.KIND: m for m in (places, routing_rules, text_overrides)}


async def versions(session: AsyncSession) -> dict[str, int]:
    """Kind → version; a version grows with every write to the kind's table."""
    rows = await session.execute(select(Edited.kind, Edited.version))
    return {kind: version for kind, version in rows}


async def version(session: AsyncSession, kind: str) -> int:
    """The version of one kind. Raises KeyError for an unknown kind."""
    return (await versions(session))[kind]


async def lock(session: AsyncSession, kind: str, seen: int | None) -> Edited:
    """Lock a kind against other writers until the transaction ends.

    ``seen``: the version that the writer saw, None for any. Raises `StaleVersion` when the present
    version is another, `NotFound` for an unknown kind.
    """
    row = await session.scalar(
        select(Edited)
        .where(Edited.kind == kind)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("There is nothing of this kind to edit.")
    if seen is not None and row.version != seen:
        raise StaleVersion("Somebody changed it in between; load it again, then change it.")
    return row


async def change(
    session: AsyncSession,
    kind: str,
    action: str,
    values: Mapping[str, Any],
    *,
    who: str,
    seen: int | None,
    undoes: int | None = None,
) -> int:
    """Write ``values`` (name → value, None to remove) and their history; return the new version.

    Values that are unchanged are not written. ``seen`` and what is raised: as for `lock`.
    """
    await lock(session, kind, seen)
    store = STORES[kind]
    known = await store.read(session, list(values))
    after = {name: value for name, value in values.items() if known[name] != value}
    if after:
        before = {name: known[name] for name in after}
        await store.write(session, after)
        session.add(
            Edit(kind=kind, action=action, who=who, before=before, after=after, undoes_id=undoes)
        )
        await session.flush()
    return await version(session, kind)


async def get(session: AsyncSession, edit_id: int) -> Edit:
    """One change of the history. Raises `NotFound`."""
    found = await session.get(Edit, edit_id)
    if found is None:
        raise NotFound("There is no such change.")
    return found


async def undo(session: AsyncSession, edit: Edit, *, who: str, seen: int | None) -> int:
    """Restore the values from before a change; return the new version.

    Raises `StaleVersion`, or `MoveNotAllowed` when one of the values was changed again since.
    """
    await lock(session, edit.kind, seen)
    if await STORES[edit.kind].read(session, list(edit.after)) != edit.after:
        raise MoveNotAllowed(
            "It was changed again since; undo the later change first.", code="changed_since"
        )
    return await change(session, edit.kind, "undo", edit.before, who=who, seen=None, undoes=edit.id)


async def latest(
    session: AsyncSession, *, kind: str | None = None, before: int | None = None, limit: int = 50
) -> list[Edit]:
    """The changes, newest first. ``before``: older than this id."""
    statement = select(Edit).order_by(Edit.id.desc()).limit(limit)
    if kind is not None:
        statement = statement.where(Edit.kind == kind)
    if before is not None:
        statement = statement.where(Edit.id < before)
    return list(await session.scalars(statement))
