"""`huiying migrate`: everything one profile holds, moved into another: items first, then what its steps have not read.

The source is only read (its reading groups are joined, never committed). Whatever ends a migration, the next one goes
on: an item that is there and equal is left alone, the bus continues after the last record that arrived. Revisions
begin anew in the target: they serve compare-and-set alone, no item holds one (`Judgement.incident_revision` counts
facts).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any, get_args

from msgspec import Struct

from stream.backends import open_backends
from stream.core.codec import Item, encode
from stream.core.records import Journal
from stream.errors import OutsideFailed, UsageError
from stream.moving import Progressed, arrived, check_finished, is_unread, move_records
from stream.pipeline import Held
from stream.ports import Backends, Save, Store, Stored
from stream.settings import Settings

PAGE = 500
# A journal speaks of the source's own offsets; one that was not finished refuses the migration.
KINDS: tuple[type[Any], ...] = tuple(kind for kind in get_args(Item) if kind is not Journal)


class Tally(Struct, frozen=True):
    """How many items of a kind a store holds, and the sum of their SHA-256 modulo 2^256: in any order the same."""

    items: int = 0
    digest: int = 0


class Compared(Struct, frozen=True, kw_only=True):
    """One kind on both sides."""

    kind: str
    source: Tally
    target: Tally

    @property
    def is_same(self) -> bool:
        """Whether both hold the same."""
        return self.source == self.target


class Migrated(Struct, frozen=True, kw_only=True):
    """What a migration did: items and records written now (the rest was there already), and both sides compared."""

    items: int
    records: int
    kinds: list[Compared]


def migrate(source: Settings, target: Settings, told: Progressed) -> Migrated:
    """Moves everything. Raises UsageError where one of the sides is not fit for it (nothing was written then), and
    OutsideFailed where a server or the disk fails (call again to go on)."""
    if places(source) & places(target):
        raise UsageError("源与目标是同一处；请在 --to 的配置里另设 namespace，或换一种 backend")
    if is_file(source) and not (source.data / f"{source.namespace}.sqlite").exists():
        raise UsageError(f"{source.data}：没有 {source.namespace} 的数据文件；请检查 HUIYING_DATA 与 HUIYING_NAMESPACE")
    with ExitStack() as stack:
        stack.enter_context(_held(source, target))
        old = stack.enter_context(closing(open_backends(source)))
        new = stack.enter_context(closing(open_backends(target)))
        return _moved(old, new, told)


def is_file(settings: Settings) -> bool:
    """Whether it all lies in one file of the data folder."""
    return settings.backend.store == "sqlite"


def places(settings: Settings) -> set[str]:
    """Where the items are, as names that two settings of the same place share."""
    if is_file(settings):
        return {str((settings.data / settings.namespace).resolve())}
    return {f"{address.rstrip('/')}/{settings.namespace}" for address in settings.elastic.addresses}


@contextmanager
def _held(*both: Settings) -> Iterator[None]:
    """No pipeline may run on a data file that is read or written here."""
    with ExitStack() as stack:
        for folder in dict.fromkeys(one.data.resolve() for one in both if is_file(one)):
            held = Held(folder)
            if not held.acquire():
                raise UsageError(f"{folder}：有流水线正在运行；请先停止它（以及抓取），再迁移")
            stack.callback(held.release)
        yield


def _moved(old: Backends, new: Backends, told: Progressed) -> Migrated:
    for store in (old.store, new.store):
        store.refresh()
    if not any(old.store.count(kind) for kind in KINDS) and not is_unread(old):
        raise UsageError("源是空的，没有可迁移的内容；请检查 --from、HUIYING_DATA 与 HUIYING_NAMESPACE")
    check_finished(old)
    for kind in KINDS:
        _check_target(old.store, new.store, kind, told)
    there = arrived(old, new)
    items = sum(_copy(old.store, new.store, kind, told) for kind in KINDS)
    records = move_records(old, new, there, told)
    new.store.refresh()
    kinds = [
        Compared(
            kind=tag_of(kind), source=tally(old.store, kind, told), target=tally(new.store, kind, told)
        )
        for kind in KINDS
    ]  # fmt: skip
    return Migrated(items=items, records=records, kinds=kinds)


def tag_of(kind: type[Any]) -> str:
    """The kind's name, as it stands in the data."""
    return str(kind.__struct_config__.tag)


def tally(store: Store, kind: type[Any], told: Progressed) -> Tally:
    """Reads every item of a kind."""
    items, digest, of = 0, 0, store.count(kind)
    for page in _pages(store, kind):
        for one in page:
            digest += int.from_bytes(hashlib.sha256(encode(one.item)).digest())
        items += len(page)
        told(f"核对 {tag_of(kind)}", items, of)
    return Tally(items, digest % (1 << 256))


def _check_target(old: Store, new: Store, kind: type[Any], told: Progressed) -> None:
    """What is in the target must come from here: from a migration that did not end."""
    done, of = 0, new.count(kind)
    for page in _pages(new, kind):
        _compare(kind, page, old.get_many(kind, [one.item.id for one in page]))
        done += len(page)
        told(f"检查目标 {tag_of(kind)}", done, of)


def _copy(old: Store, new: Store, kind: type[Any], told: Progressed) -> int:
    """Writes what is missing; how many that were."""
    written, done, of = 0, 0, old.count(kind)
    for page in _pages(old, kind):
        saved = new.save_many([Save(item=one.item, expected=0) for one in page])
        there = [one for one, result in zip(page, saved, strict=True) if not result.ok]
        _compare(kind, there, new.get_many(kind, [one.item.id for one in there]))
        written += len(page) - len(there)
        done += len(page)
        told(f"写入 {tag_of(kind)}", done, of)
    return written


def _compare(kind: type[Any], page: Sequence[Stored], other: dict[str, Stored]) -> None:
    for one in page:
        found = other.get(one.item.id)
        if found is None or found.item != one.item:
            raise UsageError(
                f"目标里已有别的数据（{tag_of(kind)} {one.item.id} 与源不同）：不覆盖任何内容；"
                "请用 HUIYING_NAMESPACE 或配置里的 namespace 为目标另选一个名字"
            )


def _pages(store: Store, kind: type[Any]) -> Iterator[Sequence[Stored]]:
    cursor: str | None = None
    while True:
        page = store.listing(kind, limit=PAGE, cursor=cursor)
        if page.items:
            yield page.items
        cursor = page.cursor
        if cursor is None:
            return


def check_same(migrated: Migrated) -> None:
    """Raises OutsideFailed where the two sides differ."""
    if different := [one.kind for one in migrated.kinds if not one.is_same]:
        raise OutsideFailed(f"迁移后两边不一致：{'、'.join(different)}；请停止抓取与一切在用的进程，再运行同一命令")
