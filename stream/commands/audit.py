"""`huiying audit`: the chain over what people decided and put on record: checked, listed, attachments taken out."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stream.auditing import audit, links_of
from stream.clock import wall_now
from stream.commands.options import DEFAULT_CONFIG, Config, opened
from stream.core.audit import HEAD, Fault, Finding
from stream.core.deciding import objection_of
from stream.core.documents import Capture, Decision
from stream.core.intervals import SHANGHAI
from stream.core.records import AuditHead
from stream.errors import UsageError

console = Console()
audit_app = typer.Typer(help="人的决定的链：查验、列出、取出附件", no_args_is_help=True)

FAULTS_SHOWN = 200
FAULTS = {
    "tampered": "被篡改",
    "missing": "缺失",
    "reordered": "被调换",
    "cut": "尾部被截",
    "outside": "不在链上",
}
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON")]


def register(app: typer.Typer) -> None:
    """Adds this family to the command line."""
    app.add_typer(audit_app, name="audit")


@audit_app.command("verify")
def audit_verify_command(
    config: Config = DEFAULT_CONFIG,
    expect: Annotated[
        str | None, typer.Option("--expect", metavar="SHA256@序号", help="另处记下的链首；能查出整条链被重写或截断")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """从第一环查到链首：有无篡改、缺失、调换、截断，有无不在链上的决定。无误退出 0，有误退出 1。"""
    noted = None if expect is None else _noted(expect)
    with opened(config) as backends:
        finding = audit(backends.store, noted)
    if as_json:
        _write(_shown(finding))
    else:
        _tell(finding)
    if finding.faults:
        raise typer.Exit(1)


@audit_app.command("list")
def audit_list_command(
    config: Config = DEFAULT_CONFIG,
    incident: Annotated[str | None, typer.Option("--incident", metavar="事件", help="只列这个事件的")] = None,
    as_json: AsJson = False,
) -> None:
    """按链的顺序列出：谁、何时、决定了什么、为什么、之前与之后。"""
    with opened(config) as backends:
        links = links_of(backends.store, incident)
    if as_json:
        for link in links:
            _write(msgspec.to_builtins(link))
        return
    table = Table("序号", "时间", "谁", "什么", "依据", "之前 → 之后", "哈希")
    for link in links:
        change = f"{_brief(link.before)} → {_brief(link.after)}"
        at = link.collected_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(str(link.seq), at, *map(escape, (link.who, link.what, link.why, change)), link.sha256[:12])
    console.print(table)


@audit_app.command("attachment")
def audit_attachment_command(
    identity: Annotated[str, typer.Argument(metavar="编号", help="异议的编号（d-…）")],
    out: Annotated[Path, typer.Option("--out", help="写到哪个文件；已有的不覆盖")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """取出一份异议的附件；取出前核对哈希。"""
    with opened(config) as backends:
        found = backends.store.get_many(Decision, [identity])
        decision = found[identity].item if found else None
        objection = objection_of(decision) if isinstance(decision, Decision) else None
        if objection is None or objection.attachment is None:
            raise UsageError(f"{identity}：没有这份异议，或它没有附件")
        held = objection.attachment.capture
        try:
            body = backends.evidence.open(Capture(sha256=held.sha256, file=held.file, offset=held.offset)).body
        except KeyError:
            raise UsageError(f"{identity}：附件所在的存证文件（{held.file}）不在数据目录中") from None
        except ValueError:
            raise UsageError(f"{identity}：附件与记录的哈希不符，已被改动") from None
    try:
        with out.open("xb") as stream:
            stream.write(body)
    except FileExistsError:
        raise UsageError(f"{out}：文件已存在，不覆盖") from None
    console.print(f"{objection.attachment.name}：{len(body)} 字节，SHA-256 {held.sha256}", markup=False)


def _noted(expect: str) -> AuditHead:
    found = re.fullmatch(r"([0-9a-fA-F]{64})@([1-9][0-9]{0,17})", expect.strip())
    if found is None:
        raise UsageError("--expect 应写作 64 位十六进制哈希@序号，即 audit verify 打印的链首")
    return AuditHead(id=HEAD, collected_at=wall_now(), seq=int(found[2]), sha256=found[1].lower())


def _tell(finding: Finding) -> None:
    for one in finding.faults[:FAULTS_SHOWN]:
        typer.echo(_line(one), err=True)
    if len(finding.faults) > FAULTS_SHOWN:
        typer.echo(f"……共 {len(finding.faults)} 处，只列前 {FAULTS_SHOWN} 处（--json 列出全部）", err=True)
    console.print(f"共 {finding.links} 环，{finding.waiting} 条待流水线处理，{finding.refused} 条被拒", markup=False)
    if finding.head is not None:
        # Noted elsewhere, it proves later that nothing before it was rewritten.
        console.print(f"链首：{finding.head.sha256}@{finding.head.seq}", markup=False, soft_wrap=True)
    console.print(f"有误：{len(finding.faults)} 处" if finding.faults else "无误", markup=False)


def _line(one: Fault) -> str:
    where = "" if one.seq is None else f"第 {one.seq} 环 "
    return f"{FAULTS[one.kind]}：{where}{one.id}（{one.detail}）"


def _shown(finding: Finding) -> dict[str, Any]:
    head = finding.head
    return {
        "sound": not finding.faults,
        "links": finding.links,
        "head": {"seq": head.seq, "sha256": head.sha256} if head else None,
        "waiting": finding.waiting,
        "refused": finding.refused,
        "faults": [msgspec.to_builtins(one) for one in finding.faults],
    }


def _brief(stood: dict[str, Any] | None) -> str:
    return "无" if stood is None else msgspec.json.encode(stood).decode()[:300]


def _write(content: Any) -> None:
    sys.stdout.write(msgspec.json.encode(content).decode() + "\n")
