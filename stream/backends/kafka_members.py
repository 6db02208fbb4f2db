"""Who reads which partitions of a group. Both ways are cooperative: what stays where it was is never interrupted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.protocol.consumer.metadata import ConsumerProtocolAssignment


class SharedReaders(CooperativeStickyAssignor):  # type: ignore[misc]
    """The members share the partitions evenly, and move as few as they can."""

    def forget(self) -> None:
        """After the group has thrown this member out: the library would go on claiming what it owned before."""
        self.member_assignment = None


class SoleReader(SharedReaders):
    """One member reads everything as long as it lives; the others stand by."""

    name = "huiying-sole"

    def assign(self, cluster: Any, members: Sequence[Any]) -> dict[str, Any]:
        """The member that owns most stays; who joined first where none owns anything (ids begin alike, so the smallest
        id). What another still owns is given in the next round, when it has let go."""
        owned = {one.member_id: set(self.parse_member_metadata(one.metadata).partitions) for one in members}
        reader = min(owned, key=lambda member: (-len(owned[member]), member))
        held = set().union(*(pairs for member, pairs in owned.items() if member != reader))
        mine: dict[str, list[int]] = defaultdict(list)
        for topic in sorted({topic for one in members for topic in one.metadata.topics}):
            for partition in sorted(cluster.partitions_for_topic(topic) or ()):
                if (topic, partition) not in held:
                    mine[topic].append(partition)
        return {
            member: ConsumerProtocolAssignment(self.version, list(mine.items()) if member == reader else [], b"")
            for member in owned
        }
