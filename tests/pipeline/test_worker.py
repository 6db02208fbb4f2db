"""One step as the runner works it: effects in order, rejects, timers at their own time, marks passed on."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import msgspec
import pytest

from stream.core.cases import Judgement, Reminder, SeverityView
from stream.core.codec import Item, decode, encode
from stream.core.documents import Coverage, Decision, Mark, Page
from stream.core.intervals import SHANGHAI
from stream.core.records import Rejected
from stream.errors import HuiyingError, MessageRejected
from stream.ports import EVERYTHING, Backends, Outgoing, Save, State
from stream.runner import Worker
from stream.wire import addressed

START = datetime(2030, 5, 1, 8, tzinfo=SHANGHAI)


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


class Passing:
    """A stateless step that passes pages on, and rejects what is called bad."""

    name = "extract"
    timer: type[Item] | None = None

    def looks_at(self, message: object) -> Iterable[tuple[type[Item], str]]:
        return ()

    def handle(self, message: object, state: State) -> Iterable[object]:
        if isinstance(message, Page) and message.id.startswith("bad"):
            raise MessageRejected("no_text")
        if isinstance(message, Page) and message.id.startswith("bug"):
            raise ZeroDivisionError
        yield message

    def tick(self, item: Item, now: datetime, state: State) -> Iterable[object]:
        return ()

    def rebuild(self, state: State, owns: Callable[[str], bool]) -> None:
        pass


class Reminding:
    """An ordered step: a judgement sets a timer, every ring writes down when it rang and sets the next one."""

    name = "alert"
    timer: type[Item] | None = Reminder

    def __init__(self, rings: int = 2, *, stuck: bool = False) -> None:
        self.log: list[str] = []
        self.rings = rings
        self.stuck = stuck

    def looks_at(self, message: object) -> Iterable[tuple[type[Item], str]]:
        return [(Reminder, message.id)] if isinstance(message, Judgement) else []

    def handle(self, message: object, state: State) -> Iterable[object]:
        assert isinstance(message, Judgement)
        self.log.append(f"{message.id} handled {message.collected_at:%H:%M}")
        state.put(reminder(message.id, message.collected_at + timedelta(minutes=5), 0))
        return ()

    def tick(self, item: Item, now: datetime, state: State) -> Iterable[object]:
        assert isinstance(item, Reminder)
        self.log.append(f"{item.id} rang {now:%H:%M}")
        count = len(item.sent) + 1
        due = now if self.stuck else now + timedelta(minutes=5) if count < self.rings else None
        state.put(reminder(item.id, due, count))
        return ()

    def rebuild(self, state: State, owns: Callable[[str], bool]) -> None:
        pass


def reminder(name: str, due_at: datetime | None, rings: int) -> Reminder:
    return Reminder(
        id=name, collected_at=START, judgement_at=START, obligations=[], title="", region=None, sent=["x"] * rings,
        due_at=due_at,
    )  # fmt: skip


def judgement(name: str, minute: int) -> Judgement:
    return Judgement(
        id=name, collected_at=at(minute), title="", region=None, topics=[], state="open", incident_revision=1,
        opened_at=START, is_emergency=False, event_type=None, occurred=None,
        severity=SeverityView(grade=None, basis="", mentions=[], history=[]), figures=[], gate=None, responsible=[],
        obligations=[], changes=[], coverage=[], hot=[], versions={},
    )  # fmt: skip


def publish(backends: Backends, topic: str, *messages: object) -> None:
    backends.bus.publish(topic, [addressed(one) for one in messages])  # type: ignore[arg-type]


def mark(minute: int) -> Mark:
    return Mark(id="mark:test", collected_at=at(minute), publisher="test")


def everything(backends: Backends, topic: str) -> list[str]:
    subscription = backends.bus.subscribe([topic], "looking")
    return [decode(record.body).id for record in subscription.poll(1000, 0.0)]


def test_rejected_messages_stop_nobody(backends: Backends) -> None:
    worker = Worker("extract", Passing, backends)
    pages = [Page(id=name, collected_at=at(1), origin="a.jsonl:7") for name in ("good", "bad", "bug", "fine")]
    publish(backends, "pages", *pages)
    backends.bus.publish("pages", [Outgoing(body=b"{broken", partition=0)])
    assert worker.work(0.0) == 5
    assert sorted(everything(backends, "articles")) == ["fine", "good"]
    rejected = [one.item for one in backends.store.listing(Rejected).items]
    found = {(one.of, one.reason, one.file, one.line) for one in rejected if isinstance(one, Rejected)}
    assert found == {
        ("bad", "no_text", "a.jsonl", 7), ("bug", "failed:ZeroDivisionError", "a.jsonl", 7),
        (None, "undecodable", None, None),
    }  # fmt: skip
    assert len(everything(backends, "extract.rejected")) == 3
    assert worker.lag() == 0


def test_marks_and_coverage_stay_in_their_partition(backends: Backends) -> None:
    worker = Worker("extract", Passing, backends)
    span = Coverage(id="c", collected_at=at(1), source="s", from_at=at(0), to_at=at(1), reachable=True)
    publish(backends, "pages", span, mark(2))
    worker.work(0.0)
    records = backends.bus.subscribe(["articles"], "looking").poll(100, 0.0)
    seen = sorted((record.partition, decode(record.body).id) for record in records)
    assert seen == sorted((partition, name) for partition in range(3) for name in ("c", "mark:test"))


def test_a_decision_follows_its_post(backends: Backends) -> None:
    decision = Decision(id="d", collected_at=at(1), who="甲", what="confirm", incident_of="post-7")
    publish(backends, "pages", Page(id="post-7", collected_at=at(0)), decision)
    partitions = {record.partition for record in backends.bus.subscribe(["pages"], "looking").poll(10, 0.0)}
    assert len(partitions) == 1


ORDERED = [
    "a handled 08:00", "a rang 08:05", "b handled 08:06", "a rang 08:10", "c handled 08:11", "b rang 08:11",
    "b rang 08:16", "c rang 08:16",
]  # fmt: skip


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_timers_ring_between_messages_whatever_the_batch(single: Backends, batch: int) -> None:
    step = Reminding()
    worker = Worker("alert", lambda: step, single, batch)
    publish(single, "judgements", judgement("a", 0), judgement("b", 6), judgement("c", 11), mark(17))
    for _ in range(40):
        worker.work(0.0)
    assert step.log == ORDERED
    assert "mark:alert" in everything(single, "alerts")


def test_poison_in_an_ordered_step_is_put_aside(single: Backends) -> None:
    step = Reminding()
    worker = Worker("alert", lambda: step, single)
    publish(single, "judgements", judgement("a", 0))
    single.bus.publish("judgements", [Outgoing(body=b"{broken", partition=0)])
    worker.work(0.0)
    assert worker.lag() == 2
    publish(single, "judgements", judgement("b", 6), mark(7))
    for _ in range(5):
        worker.work(0.0)
    assert step.log[:3] == ["a handled 08:00", "a rang 08:05", "b handled 08:06"]
    (stored,) = single.store.listing(Rejected).items
    assert isinstance(stored.item, Rejected)
    assert (stored.item.step, stored.item.reason) == ("alert", "undecodable")
    assert (worker.lag(), len(everything(single, "alert.rejected"))) == (0, 1)


def test_timers_ring_after_a_restart(backends: Backends) -> None:
    publish(backends, "judgements", judgement("a", 0), mark(1))
    first = Worker("alert", Reminding, backends)
    for _ in range(5):
        first.work(0.0)
    first.close()
    step = Reminding()
    second = Worker("alert", lambda: step, backends)
    publish(backends, "judgements", mark(30))
    for _ in range(5):
        second.work(0.0)
    assert step.log == ["a rang 08:05", "a rang 08:10"]


def test_a_timer_that_does_not_move_is_our_fault(backends: Backends) -> None:
    worker = Worker("alert", lambda: Reminding(stuck=True), backends)
    publish(backends, "judgements", judgement("a", 0), mark(30))
    with pytest.raises(HuiyingError, match="没有前移"):
        for _ in range(5):
            worker.work(0.0)


def test_a_conflict_starts_the_batch_again(backends: Backends) -> None:
    class Meddling(Reminding):
        def handle(self, message: object, state: State) -> Iterable[object]:
            assert isinstance(message, Judgement)
            state.get(Reminder, message.id)
            if not self.log:
                backends.store.save_many([Save(item=reminder("a", None, 0))])
            return super().handle(message, state)

    step = Meddling()
    worker = Worker("alert", lambda: step, backends)
    publish(backends, "judgements", judgement("a", 0), mark(1))
    for _ in range(10):
        worker.work(0.0)
    assert step.log == ["a handled 08:00", "a handled 08:00"]
    (stored,) = backends.store.listing(Reminder, EVERYTHING).items
    assert (stored.revision, msgspec.structs.asdict(stored.item)["due_at"]) == (2, at(5))
    assert encode(stored.item) == encode(reminder("a", at(5), 0))
