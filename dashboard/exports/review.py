"""The review: outcomes per body, per period, per duty with their denominators; what does not count, one by one; and one
row an obligation with its rule's version and reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashboard.drawing import clock_name, instant, span
from dashboard.exports.problems import due_in_full
from dashboard.exports.records import is_assumed, span_words
from dashboard.exports.tables import Cell, Frame, Paper, Table, cleaned, one_line
from dashboard.tallies import Period, Tally, by_body, by_body_and_period, by_period, by_rule, counts, headline, total
from dashboard.words import GRADES, MODALITIES, OUTCOMES, VERDICTS, reason_words
from stream.core.cases import Judgement, Obligation
from stream.hindsight import Record

TALLY = ("应判定", "按时", "超时", "按时后撤回", "无法判断", "计时中", "不计入")
BODIES = ("责任单位", *TALLY)
RULES = ("义务", *TALLY)
PERIODS = ("时期", *TALLY)
BODY_PERIODS = ("责任单位", "时期", *TALLY)
EXCLUSIONS = (
    "首现", "事件", "义务", "责任单位", "不计入的原因", "结论", "理由", "规则", "规则版本", "事件编号",
)  # fmt: skip
DETAILS = (
    "首现", "事件", "等级", "义务", "性质", "暂定", "责任单位", "时钟", "起点", "时限", "结论", "理由", "规则",
    "规则版本", "事件编号",
)  # fmt: skip
TITLE = "回应时效复盘"
NOTE = (
    "应判定 = 按时 + 超时 + 按时后撤回 + 无法判断，只计“应当”类时限的从严时钟。"
    "计时中的尚未到期；原则上、暂定、不再适用与已声明豁免的列为不计入；按义务的表中，“原则上”的另立一行，不进合计。无法判断不是超时：监看有缺口，或时刻不够精确。"
)
ASSUMED = "本次判定假定所给数据即监看渠道的全部发布（--assume-covered），未见发布由此推定。"
_WIDTHS = (20, 44, 10, 34, 8, 6, 26, 16, 34, 34, 26, 40, 16, 12, 22)
_EXCLUDED_WIDTHS = (20, 44, 34, 26, 36, 26, 40, 16, 12, 22)
_COUNT_WIDTHS = (11,) * len(TALLY)
PERIOD_NAMES: Mapping[Period, str] = {"month": "月", "quarter": "季度", "half": "半年", "year": "年"}


def review_paper(records: Sequence[Record], titles: Mapping[str, str], frame: Frame, by: Period = "month") -> Paper:
    """`titles`: what each rule demands, by its id; `by`: how long a period is."""
    judged = [one.judgement for one in records]
    bodies = by_body(judged)
    tables = (
        _counted("bodies", "按机关", BODIES, [summary(one) for one in (*bodies, total(bodies))]),
        _counted("rules", "按义务", RULES, [summary(one) for one in by_rule(judged, titles)]),
        Table(key="obligations", name="按事件", columns=DETAILS, widths=_WIDTHS, rows=cleaned(details(judged, titles))),
        _counted("periods", f"按{PERIOD_NAMES[by]}", PERIODS, [summary(one) for one in by_period(judged, by)]),
        Table(
            key="body_periods", name=f"按机关与{PERIOD_NAMES[by]}", columns=BODY_PERIODS,
            widths=(34, 14, *_COUNT_WIDTHS),
            rows=cleaned([row.name, period, *summary(row)[1:]] for period, row in by_body_and_period(judged, by)),
        ),
        Table(
            key="exclusions", name="不计入", columns=EXCLUSIONS, widths=_EXCLUDED_WIDTHS,
            rows=cleaned(exclusions(judged, titles)),
        ),
    )  # fmt: skip
    return Paper(
        title=TITLE, tables=tables, notes=(NOTE, *([ASSUMED] if is_assumed(records) else [])),
        head=(
            ("责任单位", one_line(frame.body or "各责任单位", 60)), ("首现时间", span_words(frame)),
            ("按何时所知", instant(frame.as_of) if frame.as_of else "最新"), ("规则库版本", frame.book or "—"),
            ("事件数", str(len(records))),
        ),
    )  # fmt: skip


def _counted(key: str, name: str, columns: tuple[str, ...], rows: list[list[Cell]]) -> Table:
    return Table(key=key, name=name, columns=columns, widths=(34, *_COUNT_WIDTHS), rows=cleaned(rows))


def summary(row: Tally) -> list[Cell]:
    """One body, duty or period."""
    return [row.name, row.judged, row.met, row.late, row.retracted, row.unknown, row.pending, row.excluded]


def details(judged: Sequence[Judgement], titles: Mapping[str, str]) -> list[list[Cell]]:
    """One row an obligation, every clock of it."""
    return [
        [
            instant(judgement.opened_at), one_line(judgement.title), GRADES[judgement.severity.grade]
            if judgement.severity.grade else "未定",
            titles.get(one.rule, one.rule), MODALITIES[one.modality], "是" if one.provisional else "",
            one.body or "待定", clock_name(one.clock), span(one.start), due_in_full(one) if one.due else "—",
            VERDICTS[one.verdict], reason_words(one.reason), one.rule, one.rule_version, judgement.id,
        ]
        for judgement in judged
        for one in judgement.obligations
    ]  # fmt: skip


def exclusions(judged: Sequence[Judgement], titles: Mapping[str, str]) -> list[list[Cell]]:
    """What stands in no denominator: every headline duty that was not to be judged, and why."""
    return [
        [
            instant(judgement.opened_at), one_line(judgement.title), titles.get(one.rule, one.rule), one.body or "待定",
            why_excluded(one), VERDICTS[one.verdict], reason_words(one.reason), one.rule, one.rule_version,
            judgement.id,
        ]
        for judgement in judged
        for one in headline(judgement)
        if is_excluded(one)
    ]  # fmt: skip


def is_excluded(one: Obligation) -> bool:
    """Whether it stands under 不计入."""
    return not counts(one) or OUTCOMES[one.verdict] == "none"


def why_excluded(one: Obligation) -> str:
    """In one word, before the verdict's own reason."""
    if one.verdict == "exempt_claimed":
        return "已登记豁免"
    if one.verdict == "not_applicable":
        return "不再适用"
    if one.provisional:
        return "等级不明，时钟为暂定"
    return f"性质为“{MODALITIES[one.modality]}”，不是“应当”"
