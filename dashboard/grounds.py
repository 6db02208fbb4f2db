"""What a verdict can be held to: the text of each rule that was applied, and the commands that hand out the proof."""

from __future__ import annotations

import os
from pathlib import Path
from shlex import quote

from dashboard import names
from dashboard.drawing import noted, rows_of, safe, small
from dashboard.words import MODALITIES
from stream.commands.rule_words import VERIFIED, window_text
from stream.core.cases import Judgement, Obligation
from stream.core.rules import Rule, version_of


def rules_quoted(judgement: Judgement) -> str:
    """Every rule that was applied, once: quotation, document, time allowed, version, and how the text was checked."""
    book = {(one.id, version_of(one)): one for one in names.rules().rules}
    used = {(one.rule, one.rule_version): one for one in judgement.obligations}
    return rows_of(
        ("规则", "原文", "依据", "时限", "性质与版本"),
        (_quoted(one, book.get(key)) for key, one in used.items()),
    ) + small(f"规则库 {names.rules().version}；逐步计算：huiying rules explain 规则 --start 起点")


def _quoted(one: Obligation, rule: Rule | None) -> list[str]:
    if rule is None:
        return [safe(one.rule), small("现行规则库中没有这一版，原文见原卷"), "—", "—", safe(one.rule_version)]
    until = f"，至 {rule.effective_to}" if rule.effective_to else ""
    checked = "、".join(VERIFIED[how] for how in rule.source.verify)
    return [
        noted(rule.text, rule.id),
        safe(f"“{rule.source.quote}”", 600) if rule.source.quote else small("没有收录原文"),
        noted(rule.source.document, f"核对：{checked}"),
        f'<span class="hy-nowrap">{safe(window_text(rule.window))}</span>',
        noted(MODALITIES[one.modality], f"{one.rule_version} 版{until}"),
    ]


def commands(identity: str) -> str:
    """What to type for the proof of an incident: as it stands, as it was known at an instant, and how anybody checks
    it. As exact as this dashboard was started: its data, namespace and configuration."""
    settings = names.settings()
    given = {"HUIYING_DATA": _near(settings.data), "HUIYING_NAMESPACE": settings.namespace}
    usual = {"HUIYING_DATA": "data", "HUIYING_NAMESPACE": "huiying"}
    before = "".join(f"{name}={quote(one)} " for name, one in given.items() if one != usual[name])
    config = _near(Path(os.environ.get("HUIYING_CONFIG", "config/embedded.yaml")))
    options = "" if config == "config/embedded.yaml" else f" --config {quote(config)}"
    # The id is the store's, yet it goes to a shell.
    ask = f"{before}huiying evidence {quote(identity)}{options}"
    return f"{ask} --out {quote(identity)}.zip --who '姓名 职务' --why '为何出具'\nhuiying verify {quote(identity)}.zip"


def _near(path: Path) -> str:
    """A path as a person here would write it."""
    whole, here = path.resolve(), Path.cwd()
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else str(whole)
