"""Makes the effects of a batch: save → publish → commit, all or nothing.

Where bus and store share a file, one transaction does it. Elsewhere the batch is written down first (`Journal`), by
compare-and-set, which also shuts out whoever held the lane before; whoever takes the lane over finishes what is written
down. So a batch that was begun is completed exactly as it was computed, however often its worker is killed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct

from stream import metrics
from stream.core.codec import Item, decode_item, encode
from stream.core.records import Intent, Journal, Rejected, Sent
from stream.errors import Conflict
from stream.journey import rejected_topic
from stream.ports import Backends, Outgoing, Partition, Save, Subscription

log = logging.getLogger("huiying.effects")


class Effects(Struct, frozen=True, kw_only=True):
    """What one batch brings: items, messages to `topic`, rejects, and how far it has read."""

    topic: str
    saves: Sequence[Save]
    outgoing: Sequence[Outgoing]
    rejected: Sequence[Rejected]
    offsets: Mapping[Partition, int]


class Ledger:
    """Applies what the lanes of one step bring, all of them at once. `is_stateless`: the step makes the same again when
    its messages come again, so that nothing need be written down."""

    def __init__(self, backends: Backends, reads: Subscription, step: str, *, is_stateless: bool) -> None:
        self._backends, self._subscription, self._step = backends, reads, step
        self._is_kept = not (is_stateless or backends.is_atomic)
        self._revisions: dict[str, int] = {}

    def recover(self, lane: str) -> None:
        """Finishes the batch that the lane's last owner had begun. Raises Conflict."""
        if not self._is_kept:
            return
        identity = f"{self._step}|{lane}"
        found = self._backends.store.get_many(Journal, [identity]).get(identity)
        self._revisions[identity] = 0 if found is None else found.revision
        if found is None:
            return
        journal = found.item
        assert isinstance(journal, Journal)
        self._write([journal])
        committed = self._subscription.committed()
        if all(committed.get((topic, number), 0) >= below for topic, number, below in journal.offsets):
            return
        log.info("finishing a batch that was begun", extra={"step": self._step, "lane": lane})
        self._make(_effects_of(journal))

    def apply(self, batches: Mapping[str, Effects]) -> None:
        """All of it, by lane. Raises Conflict where somebody else changed an item or took a lane over."""
        if self._is_kept:
            self._write([
                _journal_of(f"{self._step}|{lane}", effects) for lane, effects in batches.items() if effects.saves
            ])  # fmt: skip
        with self._backends.together():
            self._make(_joined(list(batches.values())))

    def _write(self, journals: Sequence[Journal]) -> None:
        if not journals:
            return
        saves = [Save(item=one, expected=self._revisions[one.id]) for one in journals]
        for save, saved in zip(saves, self._backends.store.save_many(saves), strict=True):
            if not saved.ok:
                raise Conflict
            self._revisions[save.item.id] = saved.revision

    def _make(self, effects: Effects) -> None:
        store, bus = self._backends.store, self._backends.bus
        self._save(effects.saves)
        if effects.rejected:
            store.save_many([Save(item=one) for one in effects.rejected])
            rejects = [Outgoing(body=encode(one), key=one.id) for one in effects.rejected]
            bus.publish(rejected_topic(self._step), rejects)
            metrics.rejected(self._step, len(rejects))
        if effects.outgoing:
            bus.publish(effects.topic, effects.outgoing)
        if effects.offsets:
            self._subscription.commit(effects.offsets)

    def _save(self, saves: Sequence[Save]) -> None:
        if not saves:
            return
        results = self._backends.store.save_many(saves)
        failed = [save for save, saved in zip(saves, results, strict=True) if not saved.ok]
        if failed and not (self._is_kept and self._is_done(failed)):
            raise Conflict

    def _is_done(self, saves: Iterable[Save]) -> bool:
        """Whether these stand already as they should: a batch that was begun before had saved them."""
        for save in saves:
            found = self._backends.store.get_many(type(save.item), [save.item.id]).get(save.item.id)
            expected = (save.expected or 0) + 1
            if found is None or found.revision != expected or found.item != save.item:
                return False
        return True


def _joined(batches: Sequence[Effects]) -> Effects:
    """Lanes share no item and no partition, so their effects may be made together."""
    if len(batches) == 1:
        return batches[0]
    return Effects(
        topic=batches[0].topic,
        saves=[one for batch in batches for one in batch.saves],
        outgoing=[one for batch in batches for one in batch.outgoing],
        rejected=[one for batch in batches for one in batch.rejected],
        offsets={partition: below for batch in batches for partition, below in batch.offsets.items()},
    )


def _journal_of(id: str, effects: Effects) -> Journal:
    return Journal(
        id=id,
        collected_at=max(one.item.collected_at for one in effects.saves),
        topic=effects.topic,
        saves=[Intent(item=msgspec.Raw(encode(one.item)), expected=one.expected) for one in effects.saves],
        outgoing=[Sent(body=msgspec.Raw(one.body), key=one.key, partition=one.partition) for one in effects.outgoing],
        rejected=list(effects.rejected),
        offsets=[(topic, number, below) for (topic, number), below in sorted(effects.offsets.items())],
    )


def _effects_of(journal: Journal) -> Effects:
    saves = [Save(item=_item(one), expected=one.expected) for one in journal.saves]
    outgoing = [Outgoing(body=bytes(one.body), key=one.key, partition=one.partition) for one in journal.outgoing]
    return Effects(
        topic=journal.topic, saves=saves, outgoing=outgoing, rejected=journal.rejected,
        offsets={(topic, number): below for topic, number, below in journal.offsets},
    )  # fmt: skip


def _item(intent: Intent) -> Item:
    return decode_item(bytes(intent.item))
