"""The supervision table (督察表): seven columns, head fields and numbering of founding document 003, one row a duty.

完成情况 follows the verdict: 已完成 where it is met, 未完成 where it is breached, else the plain word for what is not
decided. 存在问题 holds what the record proves; measures and units stand there only as people put them down.
"""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.drawing import span
from dashboard.exports import problems
from dashboard.exports.problems import due_of
from dashboard.exports.records import Review, Reviews, RuleBook, is_assumed, span_words
from dashboard.exports.tables import Cell, Frame, Paper, Table, cleaned, one_line
from dashboard.tallies import counts, headline
from dashboard.words import GRADES, basis_words, reason_words
from stream.core.cases import Obligation
from stream.core.duties import DUTY_REASONS, Duty
from stream.hindsight import Record

COLUMNS = ("序号", "工作任务", "完成情况", "存在问题", "整改措施", "整改责任主体", "材料提供部门")
WIDTHS = (6, 52, 16, 46, 24, 24, 22)
WORK = "全面推进政务公开"  # the document's own title is this work's 督察表
BLANK = "1.\n2.\n3."
ASSUMED = "本次判定假定所给数据即监看渠道的全部发布（--assume-covered），未见发布由此推定。"
NOTES = (
    "“已完成”“未完成”按从严时钟的结论填写；计时中、无法判断的不是未完成。存在问题只列有据可查的事实。",
    "整改措施、整改责任主体由人填写或登记（duty_review）；未登记的留空。",
)


def supervision_paper(
    records: Sequence[Record], duties: Sequence[Duty], reviews: Reviews, book: RuleBook, frame: Frame, work: str = WORK
) -> Paper:
    """One row a headline duty of each incident, then one a duty of the ledger."""
    rows: list[list[Cell]] = []
    left_out = 0
    for record in records:
        shown = [one for one in headline(record.judgement) if frame.body in (None, one.body)]
        standing = [one for one in shown if one.verdict != "not_applicable" and not one.provisional]
        left_out += len(shown) - len(standing)
        for place, duty in enumerate(standing):
            facts = problems.of_duty(record, duty, frame.now)
            facts += problems.of_incident(record, frame.now) if not place else []
            said = reviews.of(record.judgement.id, duty.rule)
            task = _task(record, duty, book)
            rows.append(_row(len(rows) + 1, (task, status(duty), duty.body or "待定"), facts, said))
    for listed in duties:
        if _is_shown(listed, frame.body):
            named = _listed(listed, book), listed_status(listed), "、".join(listed.bodies) or "待定"
            rows.append(_row(len(rows) + 1, named, problems.of_listed(listed), reviews.of(listed.id)))
    table = Table(key="supervision", name="督察表", columns=COLUMNS, widths=WIDTHS, rows=cleaned(rows))
    notes = [*NOTES, *([ASSUMED] if is_assumed(records) else [])]
    if left_out:
        notes.append(f"不再适用的、等级不明因而时钟只是暂定的共 {left_out} 项，未列入（逐项见复盘表“不计入”）。")
    return Paper(
        title=f"{one_line(work, 60)}工作督察表",
        head=(("督察对象", one_line(frame.body or "各责任单位", 60)), ("督察时间", span_words(frame))),
        tables=(table,), notes=tuple(notes), is_form=True,
    )  # fmt: skip


def _is_shown(duty: Duty, body: str | None) -> bool:
    """A duty of nobody in particular of which nothing is on record accuses nobody: it stands in the ledger alone.
    Documents name their units without the place: 市财政局 is 寿光市财政局 there."""
    if duty.verdict == "not_applicable" or not (duty.bodies or duty.history):
        return False
    return body is None or any(body.endswith(one) for one in duty.bodies)


def status(duty: Obligation) -> str:
    """已完成 or 未完成 where the verdict says so; else what it says instead."""
    match duty.verdict:
        case "met":
            return "已完成"
        case "breached" | "breached_but_fair_clock_met":
            return "未完成" if counts(duty) else "未完成（原则上的时限）"
        case "met_then_retracted":
            return "按时完成后撤回"
        case "pending":
            return f"计时中（{'暂定，' if duty.provisional else ''}时限 {problems.due_in_full(duty)}）"
        case "exempt_claimed":
            return "已登记豁免"
        case _:
            return f"无法判断（{reason_words(duty.reason)}）"


def _task(record: Record, duty: Obligation, book: RuleBook) -> str:
    judgement, incident = record.judgement, record.incident
    rule = book.rule(duty.rule, duty.rule_version)
    document = "" if rule is None else f"，{rule.source.document}"
    grade = GRADES[judgement.severity.grade] if judgement.severity.grade else "等级未定"
    region = book.place(judgement.region)
    start = f"\n起算：{span(duty.start)}（{basis_words(duty.basis)}）" if duty.start is not None else ""
    return (
        f"{book.text(duty.rule, duty.rule_version)}（{duty.rule}，{duty.rule_version} 版{document}）\n"
        f"事件：{one_line(judgement.title, 120)}（{region}，{grade}，首次公开 {span(incident.first_public.interval)}，"
        f"{judgement.id}）{start}"
    )


def listed_status(duty: Duty) -> str:
    """The same for a duty of the ledger."""
    match duty.verdict:
        case "met":
            return "已完成"
        case "breached":
            return "未完成" if duty.modality == "must" else "未完成（原则上的时限）"
        case "pending":
            return f"计时中（{DUTY_REASONS[duty.reason]}）"
        case _:
            return f"无法判断（{DUTY_REASONS[duty.reason]}）"


def _listed(duty: Duty, book: RuleBook) -> str:
    place = f"，{book.place(duty.region)}" if duty.region else ""
    period = f"\n期间：{duty.period}" if duty.period else ""
    title = "" if duty.title == duty.text else f"\n事项：{one_line(duty.title, 120)}"
    named = f"{duty.text}（{duty.rule}，{duty.rule_version} 版，{duty.document}{place}）"
    return f"{named}{title}{period}\n期限：{due_of(duty)}"


def _row(number: int, named: tuple[str, str, str], facts: Sequence[str], said: Review | None) -> list[Cell]:
    """`named`: the task, its status by the record, and who owes it."""
    task, verdict, body = named
    told = [*facts, *([f"{one}（{said.who} {said.day} 记）" for one in said.problems] if said else [])]
    return [
        number, task, _with_review(verdict, said), numbered(told), numbered(said.measures if said else ()),
        numbered(said.units if said else ()), "\n".join(said.materials_from if said else ()) or body,
    ]  # fmt: skip


def _with_review(verdict: str, said: Review | None) -> str:
    """A person's word beside the verdict's, where it differs: neither takes the other's place."""
    word = None if said is None or said.done is None else "已完成" if said.done else "未完成"
    if said is None or word is None or word == verdict:
        return verdict
    return f"{verdict}\n（{said.who} {said.day} 核定：{word}）"


def numbered(lines: Sequence[str]) -> str:
    """`1. … 2. …` as the document numbers them; three empty numbers where there is nothing."""
    return "\n".join(f"{place}. {line}" for place, line in enumerate(lines, 1)) if lines else BLANK
