"""How a message finds its partition (stream/journey.py says by what key)."""

from __future__ import annotations

from stream.core.documents import Coverage, Decision, Mark, Message, encode
from stream.ports import Outgoing


def addressed(message: Message, partition: int | None = None) -> Outgoing:
    """Marks and coverage go to everyone: to every partition, or from a stateless step on to the one they came by.
    A decision travels with the post it names, everything else by its own id."""
    if isinstance(message, Coverage | Mark):
        return Outgoing(body=encode(message), partition=partition)
    return Outgoing(body=encode(message), key=message.incident_of if isinstance(message, Decision) else message.id)
