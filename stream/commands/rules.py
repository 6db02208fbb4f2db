"""`huiying rules`: the rules, and their computation step by step."""

from __future__ import annotations

import sys
from datetime import date, datetime
from typing import Annotated, Any, cast, get_args

import typer
from rich.console import Console
from rich.table import Table

from stream.assembly import load_holidays, load_rules
from stream.commands.options import DEFAULT_CONFIG, Config, settings_of
from stream.commands.rule_words import (
    JUDGED,
    MODALITIES,
    REASONS,
    VERIFIED,
    place_text,
    provisional_text,
    state_text,
    validity_text,
    window_text,
)
from stream.core.calendars import Explanation, explain, placed, restarted
from stream.core.documents import Grade
from stream.core.intervals import SHANGHAI
from stream.core.rules import Rule, is_in_force, modality_at, rule_named, version_of
from stream.core.workdays import Place
from stream.errors import UsageError
from stream.outputs import line
from stream.reading.places import names_by_code
from stream.reading.times import parse_published
from stream.settings import Settings

console = Console()
rules_app = typer.Typer(help="时限规则：列出，或逐步说明如何计算", no_args_is_help=True)

At = datetime | date


def register(app: typer.Typer) -> None:
    """Adds this family to the command line."""
    app.add_typer(rules_app, name="rules")


@rules_app.command("list")
def list_command(config: Config = DEFAULT_CONFIG) -> None:
    """列出全部规则：编号、义务、类别、时限、有效期、适用地、性质、是否启用及原因、依据。"""
    book = load_rules(settings_of(config))
    table = Table(title=f"规则库 {book.version}")
    for name in ("编号", "义务", "类别", "时限", "有效期", "适用地", "性质", "状态", "依据"):
        # Chinese has no spaces to break at: without folding the words are cut off.
        table.add_column(name, overflow="fold", no_wrap=name == "编号")
    for rule in book.rules:
        table.add_row(rule.id, rule.text, JUDGED[rule.judged], window_text(rule.window), validity_text(rule),
                      place_text(rule), MODALITIES[rule.modality], state_text(rule), rule.source.document)  # fmt: skip
    console.print(table)


@rules_app.command("explain")
def explain_command(  # noqa: PLR0913, PLR0917 (one option each)
    name: Annotated[str, typer.Argument(metavar="规则", help="规则编号，如 CN-FOI-20WD")],
    start: Annotated[str, typer.Option("--start", help="起点：日期或时刻，如 2026-02-11 或 2026-02-11T09:30")],
    extend: Annotated[int, typer.Option("--extend", help="延长多少（与规则同一单位）")] = 0,
    suspend: Annotated[list[str] | None, typer.Option("--suspend", help="中止期间 首日/末日（含两端），可多次")] = None,
    restart: Annotated[str | None, typer.Option("--restart", help="重新起算日：收到补正的申请之日")] = None,
    grade: Annotated[str | None, typer.Option("--grade", help="事件等级 I、II、III 或 IV")] = None,
    region: Annotated[str | None, typer.Option("--region", help="行政区划代码：按该地的法定假日计")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """逐步说明一条规则的到期日：哪天计入、哪天不计、为什么；并列出原文、依据、核实方式、版本和性质。"""
    settings, began = settings_of(config), _instant("--start", start)
    rule = _rule(settings, name, began)
    place = Place(region=_region(region), overlay=load_holidays(settings))
    spans = [_span(one) for one in suspend or []]
    if spans and not rule.start.suspended_by:
        raise UsageError(f"{name} 没有写明可以中止")
    again = began if restart is None else _instant("--restart", restart)
    try:
        found = explain(rule, again, extend, spans, _grade(grade), place)
        if restart is not None:
            found = restarted(rule, began, found)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if as_json:
        sys.stdout.write(line(_fields(rule, found, placed(rule, place).region)) + "\n")
    else:
        _print(rule, found)


def _rule(settings: Settings, name: str, began: At) -> Rule:
    rule = rule_named(load_rules(settings), name, _moment(began))
    if rule is None:
        raise UsageError(f"没有规则 {name}；huiying rules list 可列出")
    return rule


def _fields(rule: Rule, found: Explanation, region: str | None) -> dict[str, Any]:
    """One line of JSON; the keys are public: new ones at the end."""
    at = _moment(found.start)
    return {
        "rule": rule.id,
        "start": _written(found.start),
        "due": _written(found.due),
        "steps": [{"date": step.date.isoformat(), "counted": step.counted, "why": step.why} for step in found.steps],
        "reason": found.reason,
        "version": version_of(rule),
        "in_force": is_in_force(rule, at),
        "modality": modality_at(rule, at),
        "source": {"document": rule.source.document, "quote": rule.source.quote, "verify": list(rule.source.verify)},
        "region": region,
    }


def _print(rule: Rule, found: Explanation) -> None:
    for told in _head(rule, _moment(found.start)):
        console.print(told, markup=False)
    table = Table("日期", "计入", "说明")
    for step in found.steps:
        table.add_row(step.date.isoformat(), "是" if step.counted else "否", step.why)
    console.print(table)
    due = _written(found.due) or "无"
    console.print(f"起点 {_written(found.start)}，到期 {due}", markup=False)
    if remark := REASONS[found.reason] if found.reason else provisional_text(rule, found.due):
        console.print(remark, markup=False)


def _head(rule: Rule, at: datetime) -> list[str]:
    """What rule this is: its words, where they stand, how that was checked, and whether it was in force."""
    verified = "、".join(VERIFIED[one] for one in rule.source.verify)
    told = [f"{rule.id}：{rule.text}", f"依据：{rule.source.document}（核实方式：{verified}）"]
    if rule.source.quote:
        told.append(f"原文：“{rule.source.quote}”")
    told.append(f"时限：{window_text(rule.window)}；性质：{MODALITIES[modality_at(rule, at)]}；版本：{version_of(rule)}"
                f"（{validity_text(rule)}）；适用地：{place_text(rule)}；{state_text(rule)}")  # fmt: skip
    told += [f"{one.since} 起{MODALITIES[one.modality]}：{one.why}" for one in rule.overrides]
    if not is_in_force(rule, at):
        told.append(f"注意：起点 {at.date()} 不在有效期内，以下只是演算")
    return told


def _written(value: At | None) -> str | None:
    return value.isoformat() if value is not None else None


def _moment(at: At) -> datetime:
    """The instant itself; of a day its beginning, Asia/Shanghai."""
    return at if isinstance(at, datetime) else datetime(at.year, at.month, at.day, tzinfo=SHANGHAI)


def _instant(option: str, text: str) -> At:
    found = parse_published(text, "option")
    if found is None or found.earliest is None:
        raise UsageError(f"{option} {text}：不是日期或时刻；例如 2026-02-11 或 2026-02-11T09:30")
    return found.earliest.date() if found.precision == "day" else found.earliest


def _grade(text: str | None) -> Grade | None:
    if text is not None and text not in get_args(Grade):
        raise UsageError(f"--grade {text}：应为 {'、'.join(get_args(Grade))} 之一")
    return cast(Grade | None, text)


def _region(text: str | None) -> str | None:
    if text is not None and text not in names_by_code():
        raise UsageError(f"--region {text}：不是行政区划代码（GB/T 2260，6 位），例如 450100")
    return text


def _span(text: str) -> tuple[date, date]:
    try:
        first, last = (date.fromisoformat(part.strip()) for part in text.split("/"))
    except ValueError:
        raise UsageError(f"--suspend {text}：应为 首日/末日，例如 2026-03-01/2026-03-10") from None
    if last < first:
        raise UsageError(f"--suspend {text}：末日早于首日")
    return first, last
