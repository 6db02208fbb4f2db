"""How messages go over the bus: where one is addressed (stream/journey.py says by what key), and how one is read."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from stream.core.codec import Travelling, decode, encode
from stream.core.documents import SCHEMA, Coverage, Decision, Entry, Mark, Message
from stream.errors import MessageRejected, NewerSchema
from stream.ports import Outgoing


class _Peek(Struct):
    schema: int = 0


def addressed(message: Message, partition: int | None = None) -> Outgoing:
    """Marks and coverage go to everyone: to every partition, or from a stateless step on to the one they came by.
    A decision travels with the post it names, an entry with its subject, everything else by its own id."""
    match message:
        case Coverage() | Mark():
            return Outgoing(body=encode(message), partition=partition)
        case Decision():
            return Outgoing(body=encode(message), key=message.incident_of)
        case Entry():
            return Outgoing(body=encode(message), key=message.subject)
    return Outgoing(body=encode(message), key=message.id)


def received(body: bytes) -> Travelling:
    """The message in `body`. Raises NewerSchema where a later version wrote it (the step waits, nothing is lost), and
    MessageRejected where it is none of ours."""
    try:
        message = decode(body)
    except msgspec.DecodeError:
        if _schema(body) > SCHEMA:
            raise NewerSchema from None
        raise MessageRejected("undecodable") from None
    if message.schema > SCHEMA:
        raise NewerSchema
    return message


def _schema(body: bytes) -> int:
    try:
        return msgspec.json.decode(body, type=_Peek).schema
    except msgspec.DecodeError:
        return 0
