"""The desk: what people put on record joins the journey once, and duties that come due are told once a rung."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stream.backends import open_backends
from stream.core.cases import Alert
from stream.core.codec import decode
from stream.core.documents import Decision, Entry, Mark, Message, in_order
from stream.core.duties import entry_of, opened_id
from stream.core.duty_course import moment
from stream.core.intervals import SHANGHAI
from stream.core.records import Delivery
from stream.desk import RELAYED_AT_ONCE, Upkeep
from stream.outputs import items
from stream.ports import Backends, Save
from stream.reminding import Reminding
from stream.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
FOI = "CN-FOI-20WD"
NOW = datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return msgspec.structs.replace(load_settings(ROOT / "config" / "embedded.yaml"), data=tmp_path / "data")


@pytest.fixture
def backends(settings: Settings) -> Iterator[Backends]:
    with closing(open_backends(settings)) as opened:
        yield opened


def regional(settings: Settings, tmp_path: Path, regions: str) -> Settings:
    """The same desk, keeping the recurring duties of some places."""
    alerts = (ROOT / "config" / "alerts.yaml").read_text(encoding="utf-8").replace("regions: []", f"regions: {regions}")
    path = tmp_path / "alerts.yaml"
    path.write_text(alerts, encoding="utf-8")
    return msgspec.structs.replace(settings, files=msgspec.structs.replace(settings.files, alerts=str(path)))


def opened(start: str, title: str = "申请甲") -> Entry:
    at = datetime.fromisoformat(f"{start}T09:00").replace(tzinfo=SHANGHAI)
    began = moment(start)
    assert began is not None
    subject = opened_id(FOI, began, title, "云梦省某局")
    value = {"start": start, "title": title, "body": "云梦省某局"}
    return entry_of(at, ("值班长", "收件登记"), "duty_open", (subject, FOI), value)


def proven(duty: Entry, at: str, known: datetime) -> Entry:
    return entry_of(known, ("值班长", "已寄出"), "duty_prove", (duty.subject, FOI), {"at": at, "note": "已答复"})


def keep(backends: Backends, *saved: Any) -> None:
    backends.store.save_many([Save(item=one, expected=0) for one in saved])


def alerts(backends: Backends) -> list[Alert]:
    return sorted(items(backends.store, Alert), key=lambda one: (one.at, one.id))


def on_bus(backends: Backends, topic: str) -> list[Message]:
    reader = backends.bus.subscribe([topic], "test")
    found = []
    while records := reader.poll(500, 0.0):
        found += [decode(one.body) for one in records]
    reader.close()
    return found


def day(month: int, number: int, hour: int = 9) -> datetime:
    return datetime(2026, month, number, hour, tzinfo=SHANGHAI)


def test_each_rung_is_told_once_and_in_its_turn(settings: Settings, backends: Backends) -> None:
    keep(backends, opened("2026-02-11"))  # due 2026-03-17
    reminding = Reminding(settings, backends)
    looks = (day(3, 9), day(3, 10, 8), day(3, 10), day(3, 10, 10), day(3, 16), day(3, 17), day(3, 17, 23), day(3, 18),
             day(3, 30))  # fmt: skip
    told = {one: reminding.turn(one) for one in looks}
    assert [at.day for at, count in told.items() if count] == [10, 16, 17, 18]
    found = alerts(backends)
    assert [one.rung for one in found] == ["T-7d", "T-1d", "due", "overdue-1d"]
    assert {one.kind for one in found} == {"duty"} and {one.rule for one in found} == {FOI}
    assert [one.title for one in found] == [
        f"【台账·{words}】申请甲" for words in ("还剩7天", "还剩1天", "今天到期", "到期已过1天")
    ]
    assert "台账中尚无按期的证明" in found[-1].text and "超时" not in found[-1].text
    assert sorted(on_bus(backends, "alerts"), key=in_order) == found
    assert "编号：CN-FOI-20WD｜2026-02-11｜" in found[0].text


def test_a_desk_started_anew_repeats_nothing(settings: Settings, backends: Backends) -> None:
    keep(backends, opened("2026-02-11"))
    assert Reminding(settings, backends).turn(day(3, 17)) == 1
    assert Reminding(settings, backends).turn(day(3, 17, 10)) == 0


def test_a_look_is_once_a_minute(settings: Settings, backends: Backends) -> None:
    reminding = Reminding(settings, backends)
    assert reminding.turn(day(3, 17)) == 0
    keep(backends, opened("2026-02-11"))
    assert reminding.turn(day(3, 17) + timedelta(seconds=59)) == 0
    assert reminding.turn(day(3, 17) + timedelta(seconds=60)) == 1


def test_a_proof_ends_the_reminders_and_an_extension_moves_them(settings: Settings, backends: Backends) -> None:
    first, second = opened("2026-02-11"), opened("2026-02-11", "申请乙")
    keep(backends, first, second)
    reminding = Reminding(settings, backends)
    assert reminding.turn(day(3, 10)) == 2
    value = {"by": 20, "needs": ["工作机构负责人同意", "告知申请人"]}
    extended = entry_of(day(3, 11), ("值班长", "延长"), "duty_extend", (second.subject, FOI), value)
    keep(backends, proven(first, "2026-03-11", day(3, 11)), extended)
    assert [reminding.turn(one) for one in (day(3, 16), day(3, 17), day(3, 18), day(4, 7))] == [0, 0, 0, 0]
    assert reminding.turn(day(4, 8)) == 1
    assert alerts(backends)[-1].id == f"{second.subject}|2026-04-15|T-7d"


def test_what_is_long_overdue_is_no_news(settings: Settings, backends: Backends) -> None:
    keep(backends, opened("2025-02-11"))
    assert Reminding(settings, backends).turn(day(3, 17)) == 0


def test_recurring_duties_are_reminded_of_only_where_the_desk_is_at_home(
    settings: Settings, backends: Backends, tmp_path: Path
) -> None:
    now = datetime(2019, 8, 31, 9, tzinfo=SHANGHAI)
    assert Reminding(settings, backends).turn(now) == 0
    at_home = regional(settings, tmp_path, '["370783"]')
    assert Reminding(at_home, backends).turn(now) > 0
    rules = {one.rule for one in alerts(backends)}
    assert {"SEED-SG-AIR-M", "SEED-SG-AUG"} <= rules
    assert not [one for one in rules if one and one.startswith(("SEED-KT", "SEED-LN", "SEED-JQ"))]


def test_a_silence_is_kept(settings: Settings, backends: Backends, tmp_path: Path) -> None:
    quiet = regional(settings, tmp_path, "[]")
    path = tmp_path / "alerts.yaml"
    muted = 'silences: [{by: 值班长, why: 演练, until: "2026-03-17T12:00:00+08:00", kind: duty}]'
    path.write_text(path.read_text(encoding="utf-8").replace("silences: []", muted, 1), encoding="utf-8")
    keep(backends, opened("2026-02-11"))
    reminding = Reminding(quiet, backends)
    assert [reminding.turn(day(3, 17, hour)) for hour in (9, 13)] == [0, 1]


def test_the_deliverer_sends_them_like_any_alert(settings: Settings, backends: Backends) -> None:
    keep(backends, opened("2026-02-11"))
    with closing(Upkeep(settings, backends)) as upkeep:
        upkeep.turn(day(3, 17), day(3, 17))
        upkeep.turn(day(3, 17, 10), day(3, 17, 10))
    sent = list(items(backends.store, Delivery))
    assert sent and {one.state for one in sent} == {"sent"}
    assert (settings.data / "alerts.log").read_text(encoding="utf-8").count("申请甲") >= 1


def test_entries_and_decisions_join_the_journey_each_once(settings: Settings, backends: Backends) -> None:
    decision = Decision(id="d-1", collected_at=NOW, who="值班长", what="confirm", incident_of="p1", why="核实")
    entry = opened("2026-03-02")
    keep(backends, decision, entry)
    with closing(Upkeep(settings, backends)) as upkeep:
        for second in range(3):
            upkeep.turn(NOW + timedelta(seconds=second), NOW)
    found = on_bus(backends, "pages")
    assert sorted(one.id for one in found if not isinstance(one, Mark)) == sorted([decision.id, entry.id])
    # Nothing else may come for a long time: behind them stands a mark that holds nobody up.
    assert isinstance(found[-1], Mark) and found[-1].is_last and found[-1].collected_at > NOW


def test_more_entries_within_an_hour_than_one_page_are_all_handed_over(settings: Settings, backends: Backends) -> None:
    many = [opened("2026-03-02", f"申请{number}") for number in range(RELAYED_AT_ONCE + 50)]
    keep(backends, *many)
    with closing(Upkeep(settings, backends)) as upkeep:
        for second in range(3):
            upkeep.turn(NOW + timedelta(seconds=second), NOW)
    found = [one.id for one in on_bus(backends, "pages") if not isinstance(one, Mark)]
    assert sorted(found) == sorted(one.id for one in many)
