"""`huiying evidence` writes the file that proves a verdict; `huiying verify` checks one without any database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from msgspec import Struct
from rich.console import Console

from stream.backends import open_backends
from stream.commands.options import DEFAULT_CONFIG, Config, settings_of
from stream.core.alert_texts import REASONS, VERDICTS
from stream.core.cases import Judgement
from stream.core.documents import Entry
from stream.core.intervals import SHANGHAI
from stream.errors import HuiyingError, SettingsError, UsageError
from stream.ports import Save, Store
from stream.reading.times import parse_published
from stream.recording import now
from stream.settings import Vault

console = Console()
notes = Console(stderr=True)
MOST_SEAL = 1 << 20


class EvidenceRefused(HuiyingError):
    """原卷不成立"""

    exit_code = 1


def register(app: typer.Typer) -> None:
    """Adds these commands to the command line."""
    app.command("evidence")(evidence_command)
    app.command("verify")(verify_command)


def evidence_command(  # noqa: PLR0913, PLR0917 (options of a command are no arguments of a call)
    incident: Annotated[str, typer.Argument(metavar="事件", help="事件编号，或其中一条信息的 id")],
    out: Annotated[Path, typer.Option("--out", help="写到哪里（.zip）")],
    who: Annotated[str, typer.Option("--who", help="谁出具的（姓名与职务）")],
    why: Annotated[str, typer.Option("--why", help="为何出具，如：被督察单位申诉")],
    as_of: Annotated[str | None, typer.Option("--as-of", help="按当时所知：日期或时刻；默认为现行裁定")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="数据目录（默认按配置）")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """出具原卷：证明一起事件裁定的全部材料，任何人可用 huiying verify 复核；出具本身登记在册。"""
    from stream.proof.archive import pack
    from stream.proof.configuring import configuration
    from stream.proof.dossier import dossier

    if not who.strip() or not why.strip():
        raise UsageError("--who 与 --why 不能为空：谁出具、为何出具须登记在册")
    settings = settings_of(config)
    if data is not None:
        settings = msgspec.structs.replace(settings, data=data)
    at = _instant(as_of)
    with closing(open_backends(settings)) as backends:
        found = dossier(backends, configuration(settings), incident, at)
        file = pack(found.parts)
        digest = hashlib.sha256(file).hexdigest()
        signature = _signature(file, settings.vault)
        _write(out, file)
        value = {"sha256": digest, "as_of": found.as_of.isoformat(), "name": out.name}
        entry = _entry(backends.store, found.incident.id, (who.strip(), why.strip()), value)
        backends.store.save_many([Save(item=entry, expected=0)])
    if not found.is_current:
        notes.print("注意：按现行配置裁定的结果与库中不同（规则或登记已改）；原卷以现行配置为准", markup=False)
    console.print(f"SHA-256 {digest}", markup=False, soft_wrap=True)
    told = f"{len(found.parts)} 个部分，{len(file)} 字节 → {out}；已登记 {entry.id}"
    console.print(told, markup=False, soft_wrap=True)
    _seal(file, signature, out, settings.vault.stamping_url)


def _signature(file: bytes, vault: Vault) -> bytes | None:
    """By the configured key, before anything is written. Raises SettingsError."""
    from stream.proof.signing import sign

    if vault.signing_key_file is None:
        return None
    try:
        return sign(file, Path(vault.signing_key_file).read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"vault.signing_key_file：{vault.signing_key_file} 读不出，或不是未加密的 Ed25519 私钥（PEM）（{error}）；"
            "可用 `openssl genpkey -algorithm ed25519` 生成"
        ) from None


def _seal(file: bytes, signature: bytes | None, out: Path, url: str | None) -> None:
    """Signature and time stamp beside the file, where they are configured; those of an earlier file go."""
    from stream.proof import signing, stamping

    for suffix in (signing.SUFFIX, stamping.SUFFIX):
        _beside(out, suffix).unlink(missing_ok=True)
    if signature is not None:
        _write(_beside(out, signing.SUFFIX), signature)
        console.print(f"签名 → {_beside(out, signing.SUFFIX)}", markup=False, soft_wrap=True)
    if url is not None:
        _write(_beside(out, stamping.SUFFIX), stamping.stamp(file, url))
        console.print(f"时间戳 → {_beside(out, stamping.SUFFIX)}", markup=False, soft_wrap=True)


def verify_command(
    file: Annotated[Path, typer.Argument(metavar="原卷", help="huiying evidence 出具的 .zip")],
    digest: Annotated[str | None, typer.Option("--digest", help="出具方书面告知或登记链所记的 SHA-256")] = None,
    key: Annotated[Path | None, typer.Option("--key", help="出具方公开的公钥（PEM），验原卷旁的 .sig")] = None,
    tsa_cert: Annotated[
        Path | None, typer.Option("--tsa-cert", help="时间戳机构的根证书与中间证书（PEM），验原卷旁的 .tsr")
    ] = None,
) -> None:
    """复核原卷：逐字节检查，据其事实与规则重新裁定并比对。不需要数据库、网络与配置。"""
    from stream.proof.archive import MAGIC, MOST_BYTES
    from stream.proof.checks import verify

    if digest is not None and not _is_digest(digest):
        raise UsageError(f"--digest {digest}：应为 64 位十六进制的 SHA-256")
    content = _read(file, MOST_BYTES)
    if not content.startswith(MAGIC):
        raise UsageError(f"{file}：不是 zip 文件；请给出 huiying evidence 出具的原卷")
    seals = list(_seals(file, content, digest, key, tsa_cert))
    finding = verify(content)
    faults = [one.told for one in seals if not one.holds]
    faults += [f"{one.part}：{one.what}；{one.remedy}" for one in finding.faults]
    for remark in finding.remarks:
        notes.print(f"留意：{remark}", markup=False, soft_wrap=True)
    if faults or finding.contents is None:
        for one in faults:
            notes.print(f"拒绝：{one}", markup=False, soft_wrap=True)
        raise EvidenceRefused(f"{file}：原卷不成立，{len(faults)} 处不符")
    _tell(content, finding.contents.judgement, [one.told for one in seals])


class Sealed(Struct, frozen=True):
    """What one seal says of the file, in Chinese."""

    holds: bool
    told: str


def _seals(path: Path, file: bytes, digest: str | None, key: Path | None, tsa_cert: Path | None) -> Iterator[Sealed]:
    """Every seal that was asked for, checked. Raises UsageError where one is not there or cannot be read."""
    from stream.proof import signing, stamping

    actual = hashlib.sha256(file).hexdigest()
    if digest is not None:
        holds = digest.lower() == actual
        yield Sealed(
            holds, "摘要与 --digest 相符" if holds else f"整个文件：SHA-256 为 {actual}，与 --digest 不符；这不是那一份"
        )
    if key is not None:
        signature = _read(_beside(path, signing.SUFFIX), MOST_SEAL)
        try:
            holds = signing.is_signed(file, signature, _read(key, MOST_SEAL))
        except ValueError as error:
            raise UsageError(f"--key {key}：不是 Ed25519 公钥（PEM）（{error}）") from None
        yield Sealed(holds, "签名与公钥相符" if holds else "整个文件：签名与公钥不符；不是持钥人签的这一份")
    if tsa_cert is not None:
        answer, certificates = _read(_beside(path, stamping.SUFFIX), MOST_SEAL), _read(tsa_cert, MOST_SEAL)
        try:
            at = stamping.stamped_at(file, answer, certificates)
            yield Sealed(True, f"时间戳机构于 {_shown(at)} 见过这一份")
        except ValueError as error:
            yield Sealed(False, f"整个文件：时间戳不成立（{error}）；请核对 .tsr 与证书")


def _tell(file: bytes, judgement: Judgement, seals: list[str]) -> None:
    """What a sound file proves."""
    console.print(f"SHA-256 {hashlib.sha256(file).hexdigest()}", markup=False, soft_wrap=True)
    head = f"事件 {judgement.id}：{judgement.title}，截至 {_shown(judgement.collected_at)} 所知"
    console.print(head, markup=False, soft_wrap=True)
    for row in judgement.obligations:
        words = f"{VERDICTS[row.verdict]}；{REASONS.get(row.reason, row.reason)}"
        console.print(f"  {row.rule}/{row.clock}：{words}", markup=False, soft_wrap=True)
    console.print("内部一致，重新裁定结果相同", markup=False)
    for told in seals:
        console.print(told, markup=False, soft_wrap=True)
    if not seals:
        console.print(
            "未核对摘要、签名或时间戳：只证明内部前后一致，不能排除整卷被重新生成", markup=False, soft_wrap=True
        )


def _entry(store: Store, incident: str, person: tuple[str, str], value: dict[str, str]) -> Entry:
    """The record that evidence was issued; the desk hands it to the chain."""
    who, why = person
    at = now(store)
    text = f"{at.isoformat()}|{who}|evidence_issued|{incident}|{value}|{why}"
    identity = "e-" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return Entry(id=identity, collected_at=at, who=who, what="evidence_issued", subject=incident, value=value, why=why)


def _write(out: Path, file: bytes) -> None:
    """Whole or not at all."""
    unfinished = out.with_name(out.name + ".unfinished")
    unfinished.write_bytes(file)
    unfinished.replace(out)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _read(path: Path, most: int) -> bytes:
    try:
        if path.stat().st_size > most:
            raise UsageError(f"{path}：超过 {most >> 20} MB，太大")
        return path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"{path}：文件不存在；请检查路径") from None
    except IsADirectoryError:
        raise UsageError(f"{path}：是目录；请给出文件") from None


def _is_digest(text: str) -> bool:
    return len(text) == 64 and all(one in "0123456789abcdefABCDEF" for one in text)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    found = parse_published(text, "option")
    if found is None or found.earliest is None:
        raise UsageError(f"--as-of {text}：不是日期或时刻；例如 2026-02-11 或 2026-02-11T09:30")
    return found.earliest


def _shown(at: datetime) -> str:
    return at.astimezone(SHANGHAI).isoformat(sep=" ", timespec="seconds")
