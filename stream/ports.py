"""What the pipeline demands of the world outside: Bus, Store, Evidence, Notifier. The full contracts stand here.

`tests/contracts/` holds one test class per port; every backend must pass it. Delivery is at-least-once, effects are
idempotent, so a crash between any two calls loses and doubles nothing.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Literal, Protocol, TypeVar

from msgspec import Struct

from stream.core.cases import Alert
from stream.core.codec import Item
from stream.core.documents import Capture, Post

T = TypeVar("T", bound=Item)

# --- bus --------------------------------------------------------------------------------------------------------------


class Outgoing(Struct, frozen=True, kw_only=True):
    """A message to publish: by `key` (same key, same partition, in order), or to one `partition`, or, with neither, to
    every partition (marks, coverage)."""

    body: bytes
    key: str | None = None
    partition: int | None = None


def partition_of(key: str, partitions: int) -> int:
    """The partition of a key. CRC-32: the same in every process, version and backend, so that a step's partition holds
    all that concerns the incidents in it."""
    return zlib.crc32(key.encode("utf-8", "surrogatepass")) % partitions


def targets(one: Outgoing, partitions: int) -> Sequence[int]:
    """The partitions a message goes to. Raises ValueError where it names one that is not there."""
    if one.key is not None:
        return (partition_of(one.key, partitions),)
    if one.partition is None:
        return range(partitions)
    if not 0 <= one.partition < partitions:
        raise ValueError(f"partition {one.partition} of {partitions}")
    return (one.partition,)


Partition = tuple[str, int]
"""A topic and the number of one of its partitions."""


class Record(Struct, frozen=True, kw_only=True):
    """A message as polled; (topic, partition, offset) is unique, offsets of a partition only grow."""

    topic: str
    partition: int
    offset: int
    body: bytes


class Subscription(Protocol):
    """One member of a reading group."""

    def partitions(self) -> Mapping[Partition, int]:
        """What this member reads now, each with the number of its assignment: a partition that was lost and came back
        has a new number, and whatever was remembered of it is to be dropped. Records of a lost one are never committed
        by this member any more."""

    def poll(self, limit: int, timeout_s: float) -> list[Record]:
        """Up to `limit` further records, each partition in its order; waits at most `timeout_s` for the first.

        A record is returned once per assignment; one opened after a crash starts at the committed offsets, so what
        was polled and not committed comes again. May change `partitions()`: look before handling what came.
        """

    def pause(self, partitions: Collection[Partition]) -> None:
        """From now on `poll` leaves out these, and only these."""

    def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Everything below these offsets is done with and never redelivered to the group. Never moves backwards.
        Raises Conflict where a partition is another member's by now."""

    def committed(self) -> Mapping[Partition, int]:
        """The committed offsets of the partitions that this member reads."""

    def rewind(self) -> None:
        """Back to the committed offsets: what was polled since comes again."""

    def lag(self) -> int:
        """Records published and not yet committed by the group."""

    def close(self) -> None:
        """Leaves the group: others get the partitions at once."""


class Bus(Protocol):
    """Topics with partitions; keeps order per key."""

    def publish(self, topic: str, outgoing: Sequence[Outgoing]) -> None:
        """All of them durably, in order, or an exception: then any part may have been published, and is repeated.
        Raises MessageRejected where one body is larger than the bus takes (`max_page_bytes`), before any is sent."""

    def subscribe(self, topics: Sequence[str], group: str, *, is_sole: bool = False) -> Subscription:
        """A group sees every record of its topics at least once; several members share the partitions, or, with
        `is_sole`, one has them all and the others stand by."""

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has; makes it when it is new."""

    def prune(self, before: datetime) -> int:
        """Forgets records published before `before` that every group has committed; how many."""

    def close(self) -> None:
        """Closes what is still subscribed: a member that is open counts as alive and keeps its partitions."""


# --- store ------------------------------------------------------------------------------------------------------------


class Stored(Struct, frozen=True, kw_only=True):
    """An item and its revision; revisions start at 1 and only grow."""

    item: Item
    revision: int


class Save(Struct, frozen=True, kw_only=True):
    """`expected`: None = whatever is there; 0 = must not exist yet; n = must be at revision n."""

    item: Item
    expected: int | None = None


class Saved(Struct, frozen=True, kw_only=True):
    """Result of one save; `revision` is the new one, or on conflict the one that was found (0 = none)."""

    ok: bool
    revision: int


class Filter(Struct, frozen=True, kw_only=True):
    """Which items to list; every given field must fit. `since` ≤ collected_at < `until`.

    Fields an item does not have never exclude it silently: a backend raises ValueError (see LISTABLE).
    """

    ids: tuple[str, ...] | None = None
    state: str | None = None
    topic: str | None = None
    region: str | None = None
    body: str | None = None
    incident: str | None = None
    verdict: str | None = None
    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None


EVERYTHING = Filter()

# Fields by which each kind can be filtered beside ids, since, until. `region` matches as a prefix (44 = 广东).
LISTABLE: Mapping[str, frozenset[str]] = {
    "post": frozenset({"topic", "region", "body", "source", "incident"}),
    "assignment": frozenset({"incident"}),
    "incident": frozenset({"state", "topic", "region", "body"}),
    "judgement": frozenset({"state", "topic", "region", "body", "verdict"}),
    "alert": frozenset({"incident", "topic", "region"}),
    "coverage": frozenset({"source"}),
    "case_file": frozenset(),
    "source_coverage": frozenset({"source"}),
    "decision": frozenset({"incident"}),  # incident = Decision.incident_of
    "entry": frozenset({"incident"}),  # incident = Entry.subject
    "audit_entry": frozenset({"incident"}),
    "audit_head": frozenset(),
    "delivery": frozenset({"state"}),
    "rejected": frozenset(),
    "topic_heat": frozenset({"topic", "region"}),
    "reminder": frozenset(),
    "clock": frozenset(),
    "progress": frozenset(),
    "fetched": frozenset({"source"}),
    "journal": frozenset(),
}

Order = Literal["id", "newest", "oldest", "due"]


class Listing(Struct, frozen=True, kw_only=True):
    """A page of items and the cursor of the next one (None = no more). Cursors stay valid while others write."""

    items: list[Stored]
    cursor: str | None


class Search(Struct, frozen=True, kw_only=True):
    """Posts whose title or text holds every word of `text` (words are separated by spaces; each is a literal substring,
    two characters suffice; quotes and operators mean nothing). Newest `collected_at` first."""

    text: str = ""
    topic: str | None = None
    region: str | None = None
    body: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 20
    cursor: str | None = None


class Found(Struct, frozen=True, kw_only=True):
    """A page of posts, newest first, and the next cursor."""

    posts: list[Post]
    cursor: str | None


class TopicCount(Struct, frozen=True, kw_only=True):
    """Posts of one topic in one hour (hour start)."""

    hour: datetime
    topic: str
    posts: int


class Store(Protocol):
    """Keeps items by kind (the type's tag) and id; finds them again.

    `get_many` is never stale. What searches (listing, due, count, search, topic_counts) sees every save made before
    the last `refresh`, and others soon (within seconds).
    """

    def refresh(self) -> None:
        """Makes everything saved before findable. Costs tens of milliseconds where it costs anything: for those who
        must read their own writes (a rebuilt working set, files written at the end), nobody else."""

    def get_many(self, kind: type[T], ids: Sequence[str]) -> dict[str, Stored]:
        """Those that exist. Never stale: it sees every save that returned."""

    def save_many(self, saves: Sequence[Save]) -> list[Saved]:
        """Each by compare-and-set, in order; an item saved twice in one call sees its predecessor. A conflict fails
        that item alone. The instant of a post's first save decides until when it is kept."""

    def listing(
        self,
        kind: type[T],
        where: Filter = EVERYTHING,
        *,
        order: Order = "id",
        limit: int = 100,
        cursor: str | None = None,
    ) -> Listing:
        """A page of items of one kind."""

    def due(self, kind: type[T], at: datetime, limit: int = 1000) -> list[Stored]:
        """Items with `due_at` ≤ `at`, earliest first. Candidates only: re-read and compare-and-set before acting."""

    def count(self, kind: type[T], where: Filter = EVERYTHING) -> int:
        """How many."""

    def search(self, search: Search) -> Found:
        """A page of posts."""

    def topic_counts(self, since: datetime, until: datetime) -> list[TopicCount]:
        """Posts per topic and hour of collected_at, kept as counts (no scan of posts)."""

    def forget_posts(self, before: datetime, limit: int) -> int:
        """Drops text of posts collected before `before` and not of kind authority (retention); facts of what is
        relevant stay. About `limit` at once; a store that keeps days apart drops a day once all of it is over. How
        many."""

    def close(self) -> None:
        """Ends the connections."""


# --- evidence, notifier -----------------------------------------------------------------------------------------------


class Exchange(Struct, frozen=True, kw_only=True):
    """One HTTP exchange as captured: verbatim bytes and headers."""

    url: str
    fetched_at: datetime
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    is_authority: bool


class Evidence(Protocol):
    """The vault of captures."""

    def keep(self, exchange: Exchange) -> Capture:
        """Durable when it returns. Same bytes of the same URL and instant give the same capture."""

    def open(self, capture: Capture) -> Exchange:
        """The exchange, its hash checked; KeyError if it was only hashed, ValueError if it was altered."""

    def record(self, capture: Capture) -> bytes | None:
        """The record as it lies in the vault (a gzip member holding one WARC record), checked as by `open`; None where
        it is sealed."""

    def close(self) -> None:
        """Ends the file being written; what was kept is durable already."""


class Told(Struct, frozen=True, kw_only=True):
    """What became of one sending. `retry`: a temporary failure; else a failure is permanent."""

    ok: bool
    retry: bool = False
    reason: str | None = None


class Notifier(Protocol):
    """Sends alerts to configured channels."""

    def channels(self) -> Sequence[str]:
        """Names of the channels that are configured and enabled."""

    def send(self, channel: str, alert: Alert) -> Told:
        """One alert on one channel; bounded time; the text is plain (hostile markup is escaped per channel)."""


# --- all of it --------------------------------------------------------------------------------------------------------


class Backends(Protocol):
    """What `open_backends(settings)` gives; one per thread (connections are not shared)."""

    bus: Bus
    store: Store
    evidence: Evidence
    notifier: Notifier

    is_atomic: bool
    """Whether `together` makes a batch's effects all or nothing; elsewhere the runner keeps a journal."""

    def together(self) -> AbstractContextManager[None]:
        """One short write transaction over bus and store where both live in one file; elsewhere nothing. Compute
        outside, write inside."""

    def close(self) -> None: ...


# --- steps ------------------------------------------------------------------------------------------------------------


class State(Protocol):
    """What a step may look at and change while it handles a batch: items by type and id. Reads see earlier puts of the
    same batch; the runner saves what was put, by compare-and-set, before it publishes."""

    def get(self, kind: type[T], id: str) -> T | None:
        """The item, as the batch sees it now. Anything not named by `Step.looks_at` is fetched one by one (slow)."""

    def put(self, item: Item) -> None:
        """Create or replace."""

    def revision(self, kind: type[T], id: str) -> int:
        """Revision the item will have after this batch's save (0 = does not exist)."""

    def listing(self, kind: type[T], where: Filter, *, order: Order = "id", limit: int = 1000) -> list[T]:
        """Items of the store, with the batch's own puts of that kind laid over by id. For rare reads."""

    def each(self, kind: type[T], where: Filter) -> Iterator[T]:
        """Every item of the store, a page at a time, nothing of it remembered: for `Step.rebuild`, however many."""


class Step(Protocol):
    """One leg of the journey. No I/O, no clock: its time is the message's."""

    name: str
    timer: type[Item] | None
    """Kind whose `due_at` wakes this step; None = it has no timers."""

    def looks_at(self, message: object) -> Iterable[tuple[type[Item], str]]:
        """The items `handle` will want, so that a batch fetches them at once."""

    def handle(self, message: object, state: State) -> Iterable[object]:
        """Does its work for one message, yields what to publish. Raises MessageRejected to reject the message.
        A message seen again changes nothing; a stateless step yields the same again."""

    def tick(self, item: Item, now: datetime, state: State) -> Iterable[object]:
        """A timer of `item` rang: `now` = its due_at. Must put the item back with a later due_at, or None."""

    def rebuild(self, state: State, owns: Callable[[str], bool]) -> None:
        """Drop the working set and build it from the store: at start, and after a conflict. `owns` says of an item's id
        whether it is this worker's: the others are read, never judged."""
