"""Who reads which partitions of a group, and how a member joins. All is cooperative: what stays where it was is never
interrupted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from kafka import errors
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.consumer import ConsumerCoordinator
from kafka.protocol.consumer.metadata import ConsumerProtocolAssignment


class SharedReaders(CooperativeStickyAssignor):  # type: ignore[misc]
    """The members share the partitions evenly, and move as few as they can."""

    def forget(self) -> None:
        """After the group has thrown this member out: the library would go on claiming what it owned before."""
        self.member_assignment = None

    def assign(self, cluster: Any, members: Sequence[Any]) -> dict[str, Any]:
        """Raises StaleMetadata, after which the library tries again, where a topic is not known yet: its partitions
        would be given to nobody."""
        if any(cluster.partitions_for_topic(topic) is None for topic in _topics(members)):
            raise errors.StaleMetadata
        return self._assign(cluster, members)

    def _assign(self, cluster: Any, members: Sequence[Any]) -> dict[str, Any]:
        shares: dict[str, Any] = super().assign(cluster, members)
        return shares


class SoleReader(SharedReaders):
    """One member reads everything as long as it lives; the others stand by."""

    name = "huiying-sole"

    def _assign(self, cluster: Any, members: Sequence[Any]) -> dict[str, Any]:
        """The member that owns most stays; with none, the smallest id, which is anybody. What another still owns is
        given in the next round, when it has let go."""
        owned = {one.member_id: set(self.parse_member_metadata(one.metadata).partitions) for one in members}
        reader = min(owned, key=lambda member: (-len(owned[member]), member))
        held = set().union(*(pairs for member, pairs in owned.items() if member != reader))
        mine: dict[str, list[int]] = defaultdict(list)
        for topic in _topics(members):
            for partition in sorted(cluster.partitions_for_topic(topic)):
                if (topic, partition) not in held:
                    mine[topic].append(partition)
        return {
            member: ConsumerProtocolAssignment(self.version, list(mine.items()) if member == reader else [], b"")
            for member in owned
        }


def _topics(members: Sequence[Any]) -> list[str]:
    return sorted({topic for one in members for topic in one.metadata.topics})


class PatientMember(ConsumerCoordinator):  # type: ignore[misc]
    """Keeps the answer to a join that comes between two polls. The library (3.0.12) drops it: a member that polls in
    short turns then joins again and again, which disturbs the whole group, or, where it had joined again because a
    topic changed, never; it takes part in nothing more and says nothing."""

    _answer: tuple[int, bytes] | None = None

    async def _do_join_and_sync_async(self) -> bytes:
        if self._answer is None or self._answer[0] != self._generation.generation_id:
            self._answer = None
            self.request_rejoin()  # until a poll has come for the answer, whatever it is
            assignment: bytes = await super()._do_join_and_sync_async()
            self._answer = self._generation.generation_id, assignment
        return self._answer[1]

    async def _on_join_complete_async(self, *arguments: Any) -> None:
        self._answer = None
        await super()._on_join_complete_async(*arguments)
