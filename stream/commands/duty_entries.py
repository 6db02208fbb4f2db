"""`huiying ledger open|extend|suspend|restart|prove|withdraw|review`: what a person puts on record about a duty."""

# Options of a command are no arguments of a call.
# ruff: noqa: PLR0913, PLR0917

from __future__ import annotations

import hashlib
import re
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from stream.assembly import load_holidays, load_rules
from stream.backends import open_backends
from stream.bookkeeping import Book, Deed, masked, now_of, record
from stream.commands.options import DEFAULT_CONFIG, Config, settings_of
from stream.core.authorities import Authorities
from stream.core.duties import day_of, opened_id
from stream.core.duty_course import moment
from stream.errors import UsageError
from stream.reading.places import codes_by_name
from stream.settings import Settings, load_yaml

console = Console()

# Alerts write the bar of an id in full width, harmless in chats: what is copied from there is taken as well.
Identity = Annotated[
    str,
    typer.Argument(
        metavar="事项", help="huiying ledger list 列出的编号（加引号）", callback=lambda text: text.replace("｜", "|")
    ),
]
Reviewed = Annotated[
    str,
    typer.Argument(
        metavar="编号",
        help="台账事项的编号（加引号），或事件编号（i-…）",
        callback=lambda text: text.replace("｜", "|"),
    ),
]
Who = Annotated[str, typer.Option("--who", help="谁登记的（姓名与职务）")]
Why = Annotated[str, typer.Option("--why", help="依据")]


def register(app: typer.Typer) -> None:
    """Adds these commands to the family."""
    app.command("open")(open_command)
    app.command("extend")(extend_command)
    app.command("suspend")(suspend_command)
    app.command("restart")(restart_command)
    app.command("prove")(prove_command)
    app.command("withdraw")(withdraw_command)
    app.command("review")(review_command)


def open_command(
    rule: Annotated[str, typer.Argument(metavar="规则", help="台账规则的编号，如 CN-FOI-20WD")],
    start: Annotated[str, typer.Option("--start", help="起算之日或时刻，如收到申请之日")],
    title: Annotated[str, typer.Option("--title", help="什么事；不要写个人姓名，号码会被遮去")],
    who: Who,
    why: Why,
    body: Annotated[str | None, typer.Option("--body", help="责任单位")] = None,
    grade: Annotated[str | None, typer.Option("--grade", help="事故等级 I 至 IV（时限依等级而定的规则）")] = None,
    region: Annotated[str | None, typer.Option("--region", help="在哪里：行政区划代码或名称")] = None,
    until: Annotated[str | None, typer.Option("--until", help="一季的末日（只在一季中适用的规则）")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """登记一件事项：依申请公开、信访、处罚决定、事故报告、收购旺季等；到期日按规则算出。"""
    began = moment(start)
    if began is None:
        raise UsageError(f"--start {start}：不是日期或时刻；例如 2026-02-11 或 2026-02-11 09:30")
    code = region_in(region, settings_of(config))
    value = _without_none(
        {"start": start, "title": title, "body": body, "grade": grade, "region": code, "until": until}
    )
    named = masked(value)
    identity = opened_id(rule, began, named["title"].strip(), (named.get("body") or "").strip())
    _record(Deed(who=who, why=why, what="duty_open", subject=identity, value=value), config)
    console.print(f"事项编号 {identity}", markup=False, soft_wrap=True)


def extend_command(
    identity: Identity,
    by: Annotated[int, typer.Option("--by", help="延长多少（与规则同一单位）")],
    who: Who,
    why: Why,
    needs: Annotated[list[str] | None, typer.Option("--need", help="已办妥的手续，可多次，如 告知申请人")] = None,
    at: Annotated[str | None, typer.Option("--at", help="决定延长之日；默认今天")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """延长期限：须在期限之内、手续齐备，合计不超过规则的上限。"""
    value = _without_none({"by": by, "needs": needs or [], "at": at and _day(at, "--at")})
    _record(Deed(who=who, why=why, what="duty_extend", subject=identity, value=value), config)


def suspend_command(
    identity: Identity,
    first: Annotated[str, typer.Option("--from", help="中止的首日（含）")],
    who: Who,
    why: Why,
    last: Annotated[str | None, typer.Option("--to", help="中止的末日（含）；未定时不写，恢复时再登记一次")] = None,
    ground: Annotated[str | None, typer.Option("--ground", help="情形，如 征求第三方意见")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """中止期间：只有规则写明的情形，这些日子不计入。"""
    value = _without_none(
        {"from": _day(first, "--from"), "to": last and _day(last, "--to"), "ground": ground}
    )  # fmt: skip
    _record(Deed(who=who, why=why, what="duty_suspend", subject=identity, value=value), config)


def restart_command(
    identity: Identity,
    at: Annotated[str, typer.Option("--at", help="重新起算之日，如收到补正之日")],
    who: Who,
    why: Why,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """补正后重新起算。"""
    value = {"at": _day(at, "--at")}
    _record(Deed(who=who, why=why, what="duty_restart", subject=identity, value=value), config)


def prove_command(
    identity: Identity,
    at: Annotated[str, typer.Option("--at", help="办成（发布、答复、办结）的日期或时刻")],
    who: Who,
    why: Why,
    url: Annotated[str | None, typer.Option("--url", help="公开处的网址")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="证明文件：只记其 SHA-256，不保存内容")] = None,
    note: Annotated[str | None, typer.Option("--note", help="说明；不要写个人姓名")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """登记证明：链接、文件（哈希）或说明。年度次数每次一份。"""
    if moment(at) is None:
        raise UsageError(f"--at {at}：不是日期或时刻；例如 2026-02-11 或 2026-02-11 09:30")
    sha256 = None if file is None else _sha256(file)
    value = _without_none({"at": at, "url": url, "sha256": sha256, "note": note})
    _record(Deed(who=who, why=why, what="duty_prove", subject=identity, value=value), config)
    if sha256 is not None:
        console.print(f"SHA-256 {sha256}", markup=False, soft_wrap=True)


def withdraw_command(
    identity: Identity,
    who: Who,
    why: Why,
    of: Annotated[str | None, typer.Option("--of", help="只撤回这一条记录（n-…）；不写则撤销整个事项")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """撤销事项，或撤回一条登记错的记录；原记录保留。"""
    value = None if of is None else {"of": of}
    _record(Deed(who=who, why=why, what="duty_withdraw", subject=identity, value=value), config)


def review_command(
    identity: Reviewed,
    done: Annotated[bool, typer.Option("--done/--not-done", help="是否完成")],
    who: Who,
    why: Why,
    problems: Annotated[list[str] | None, typer.Option("--problem", help="存在问题，可多次")] = None,
    measures: Annotated[list[str] | None, typer.Option("--measure", help="整改措施，可多次")] = None,
    units: Annotated[str | None, typer.Option("--units", help="整改责任主体")] = None,
    materials: Annotated[str | None, typer.Option("--materials-from", help="材料提供部门")] = None,
    rule: Annotated[str | None, typer.Option("--rule", help="只说事件的这一项义务，如 CN-5H-AUTH；默认全部")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """登记督察意见：完成情况、存在问题、整改措施、整改责任主体、材料提供部门；对台账事项，也对事件（督察表各栏）。"""
    value = _without_none(
        {"done": done, "problems": problems or [], "measures": measures or [], "units": units,
         "materials_from": materials}
    )  # fmt: skip
    if rule is not None and "|" in identity:
        raise UsageError("--rule 只用于事件：台账事项的编号已含规则")
    _record(Deed(who=who, why=why, what="duty_review", subject=identity, value=value, rule=rule), config)


def region_in(text: str | None, settings: Settings) -> str | None:
    """The code of the region an option names. Raises UsageError."""
    if text is None or re.fullmatch(r"[1-9][0-9]{5}", text):
        return text
    added = {name: code for code, name in load_yaml(settings.file("authorities"), Authorities).regions.items()}
    codes = (added[text],) if text in added else codes_by_name().get(text, ())
    if len(codes) != 1:
        raise UsageError(f"--region {text}：没有这个地方，或同名的不止一个；请写六位代码")
    return codes[0]


def day_in(text: str, option: str) -> date:
    """The day an option names. Raises UsageError."""
    found = moment(text)
    if found is None:
        raise UsageError(f"{option} {text}：不是日期；例如 2026-02-11")
    return day_of(found)


def _record(deed: Deed, config: Path) -> None:
    settings = settings_of(config)
    with closing(open_backends(settings)) as backends:
        entry = record(
            backends.store, Book(load_rules(settings), load_holidays(settings)), deed, now_of(backends.store)
        )
    console.print(f"已记录 {entry.id}", markup=False)


def _day(text: str, option: str) -> str:
    return day_in(text, option).isoformat()


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _without_none(value: dict[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in value.items() if one is not None}
