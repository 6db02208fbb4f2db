"""`huiying ledger`: the duties that a person keeps, listed and shown; recording stands in duty_entries."""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import date, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from stream.assembly import load_holidays, load_rules
from stream.backends import open_backends
from stream.bookkeeping import entries_in, now_of, with_all_known
from stream.commands import duty_entries
from stream.commands.options import DEFAULT_CONFIG, Config, settings_of
from stream.core.documents import Entry
from stream.core.duties import (
    DUTY_REASONS,
    DUTY_VERDICTS,
    ENTRY_WORDS,
    Duty,
    Given,
    day_of,
    days_left,
    end_of,
    newest_first,
    standing_word,
)
from stream.core.duty_course import moment
from stream.core.ledger import duties, duty_of
from stream.errors import UsageError
from stream.outputs import interval, line
from stream.ports import Store

console = Console()
ledger_app = typer.Typer(
    help="台账：由人办理的定期和限期事项（按月、按季、每周五、年底前、依申请公开、信访等）的到期日、证明与督察意见。"
    "只追加，不覆盖；不要写个人姓名。",
    no_args_is_help=True,
)

AsOf = Annotated[str | None, typer.Option("--as-of", help="按当时所知：日期（当日结束时）或时刻")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON，每行一项")]


def register(app: typer.Typer) -> None:
    """Adds this family to the command line."""
    duty_entries.register(ledger_app)
    app.add_typer(ledger_app, name="ledger")


@ledger_app.command("list")
def list_command(
    region: Annotated[str | None, typer.Option("--region", help="行政区划代码或名称；默认不限")] = None,
    first: Annotated[str | None, typer.Option("--from", help="到期不早于，如 2026-01-01；默认当年首日")] = None,
    last: Annotated[str | None, typer.Option("--to", help="到期不晚于；默认当年末日")] = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """一段时间内到期的事项：定期事项由规则自动产生，其余由人登记。"""
    settings = settings_of(config)
    rules, code = load_rules(settings), duty_entries.region_in(region, settings)
    with closing(open_backends(settings)) as backends:
        entries, at = _known(backends.store, as_of)
        year = day_of(at).year
        period = _day(first, "--from") or date(year, 1, 1), _day(last, "--to") or date(year, 12, 31)
        found = duties(rules, entries, at, period, code, load_holidays(settings))
    if as_json:
        sys.stdout.writelines(line(duty_line(one, at)) + "\n" for one in found)
        return
    # The id is what the other commands take: it is never cut.
    table = Table(Column("编号", no_wrap=True), Column("到期", no_wrap=True), "事项", "责任单位", "状态")
    for one in found:
        table.add_row(*(escape(cell) for cell in _cells(one, at)))
    console.print(table)


@ledger_app.command("show")
def show_command(
    identity: duty_entries.Identity, as_of: AsOf = None, as_json: AsJson = False, config: Config = DEFAULT_CONFIG
) -> None:
    """一个事项的全部：依据、逐日计算、证明、督察意见、经过。"""
    settings = settings_of(config)
    with closing(open_backends(settings)) as backends:
        entries, at = _known(backends.store, as_of)
        found = duty_of(identity, load_rules(settings), entries, at, load_holidays(settings))
    if found is None:
        raise UsageError(f"没有事项 {identity}；huiying ledger list 可列出")
    if as_json:
        sys.stdout.write(line(duty_line(found, at)) + "\n")
        return
    _print(found, at)


def duty_line(one: Duty, now: datetime) -> dict[str, Any]:
    """One line of `huiying ledger list --json` (docs/formats.md)."""
    review = one.review
    return {
        "id": one.id, "rule": one.rule, "rule_version": one.rule_version, "modality": one.modality, "title": one.title,
        "period": one.period, "bodies": one.bodies, "region": one.region, "source": one.document,
        "quote": one.quote or None, "start": one.start, "due": one.due, "days_left": days_left(one, now),
        "verdict": one.verdict, "reason": one.reason, "needed": one.needed, "extended": one.extended,
        "suspended": [{"from": first, "to": last} for first, last in one.suspended],
        "proofs": [_proof(given) for given in one.proofs],
        "review": None if review is None else {
            "who": review.who, "done": review.done, "problems": review.problems, "measures": review.measures,
            "units": review.units, "materials_from": review.materials_from,
        },
        "steps": [{"date": step.date, "counted": step.counted, "why": step.why} for step in one.steps],
        "history": [
            {"id": noted.entry.id, "at": noted.entry.collected_at, "who": noted.entry.who, "what": noted.entry.what,
             "value": noted.entry.value, "why": noted.entry.why, "fault": noted.fault}
            for noted in one.history
        ],
    }  # fmt: skip


def _proof(given: Given) -> dict[str, Any]:
    return {
        "entry": given.entry, "at": interval(given.at), "url": given.url, "sha256": given.sha256, "note": given.note,
    }  # fmt: skip


def _cells(one: Duty, now: datetime) -> tuple[str, ...]:
    left = days_left(one, now)
    state = f"{standing_word(one)}：{DUTY_REASONS[one.reason]}"
    if left is not None and one.verdict == "pending":
        state = f"{DUTY_VERDICTS[one.verdict]}，剩 {left} 天"
    title = f"{one.title}（{one.period}）" if one.period else one.title
    return one.id, str(one.due or "无"), title, "、".join(one.bodies), state


def _print(one: Duty, now: datetime) -> None:
    left = days_left(one, now)
    facts = {
        "事项": one.title, "规则": f"{one.rule}（{one.rule_version}）：{one.text}", "依据": one.document,
        "原文": f"“{one.quote}”" if one.quote else "", "责任单位": "、".join(one.bodies), "起算": str(one.start),
        "到期": str(one.due or "无") + ("" if left is None else f"（{'剩' if left >= 0 else '已过'} {abs(left)} 天）"),
        "状态": f"{standing_word(one)}：{DUTY_REASONS[one.reason]}",
        "证明": f"{len(one.proofs)} / {one.needed}",
    }  # fmt: skip
    for name, fact in facts.items():
        if fact:
            console.print(f"{name}：{fact}", markup=False, soft_wrap=True)
    steps = Table("日期", "计入", "说明")
    for step in one.steps:
        steps.add_row(step.date.isoformat(), "是" if step.counted else "否", escape(step.why))
    history = Table("时间", "谁", "什么", "依据", "编号", "说明")
    for noted in newest_first(one.history):
        entry = noted.entry
        cells = (f"{entry.collected_at:%Y-%m-%d %H:%M}", entry.who, ENTRY_WORDS[entry.what], entry.why, entry.id)
        history.add_row(*map(escape, cells), escape(f"不生效：{noted.fault}" if noted.fault else ""))
    console.print(steps)
    console.print(history)


def _known(store: Store, as_of: str | None) -> tuple[dict[str, list[Entry]], datetime]:
    """What was on record then, or is now; and when that is."""
    if as_of is None:
        entries = entries_in(store)
        return entries, with_all_known(entries, now_of(store))
    found = moment(as_of)
    if found is None:
        raise UsageError(f"--as-of {as_of}：不是日期或时刻；例如 2026-02-11 或 2026-02-11T09:30")
    at = found if isinstance(found, datetime) else end_of(found)
    return entries_in(store, at), at


def _day(text: str | None, option: str) -> date | None:
    return None if text is None else duty_entries.day_in(text, option)
