"""Ledger: duties by due date with proof and review; one duty with its computation; the forms of what people record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import streamlit as st

from dashboard import duty_sheets, ledgers, outages, queries
from dashboard.words import GRADES
from stream.bookkeeping import Deed
from stream.commands.rule_words import UNITS
from stream.core.deciding import LARGEST_ATTACHMENT
from stream.core.documents import EntryKind
from stream.core.duties import DUTY_VERDICTS, ENTRY_WORDS, Duty, day_of
from stream.errors import UsageError

PAGE = 60
TEXT_LIMIT = 500
SAID = "ledger-said"
NO_NAMES = "不要写个人姓名；手机号、身份证号等会被遮去"


def overview(now: datetime) -> None:
    """The table, by period, place and state; and the form to open a matter."""
    period, place, state = st.columns([2, 2, 3])
    year = day_of(now).year
    days = period.date_input("到期日期", (date(year, 1, 1), date(year, 12, 31)), format="YYYY-MM-DD", key="period",
                             min_value=date(2000, 1, 1), max_value=date(2100, 12, 31))  # fmt: skip
    span = (days[0], days[-1]) if isinstance(days, tuple) and days else (date(year, 1, 1), date(year, 12, 31))
    places = ledgers.places()
    own = list(places).index(ledgers.own_place())
    region = place.selectbox("地方", list(places), own, format_func=lambda one: places[one], key="place")
    verdict = state.segmented_control(
        "状态", list(DUTY_VERDICTS), format_func=lambda one: DUTY_VERDICTS[one], key="state"
    )
    found = ledgers.listed(span, region, now)
    st.html(duty_sheets.tiles(found, now))
    shown(
        [one for one in found if verdict is None or one.verdict == verdict], now, f"{span}{region}{verdict}"
    )  # fmt: skip
    with st.expander("登记一件事项（依申请公开、信访、处罚决定、事故报告、收购旺季等）", icon=":material/add:"):
        opening()


def shown(found: Sequence[Duty], now: datetime, chosen: str) -> None:
    """A page of the table."""
    pages = max(1, -(-len(found) // PAGE))
    page = 1 if pages == 1 else st.number_input(f"页（共 {pages} 页）", 1, pages, 1, width=160, key=f"page-{chosen}")
    st.html(duty_sheets.board(found[(int(page) - 1) * PAGE : int(page) * PAGE], now))


def opening() -> None:
    """The form of a new matter."""
    rules = ledgers.openable()
    rule = st.selectbox("规则", list(rules), format_func=lambda one: f"{one} · {rules[one].text}", key="rule")
    with st.form("open", clear_on_submit=False):
        start = st.text_input("起算之日", placeholder="2026-02-11", key="start", max_chars=40)
        title = st.text_input(f"事项（{NO_NAMES}）", key="title", max_chars=TEXT_LIMIT)
        body = st.text_input("责任单位", key="body", max_chars=TEXT_LIMIT)
        region = st.text_input("在哪里（六位行政区划代码，可不填）", key="region", max_chars=6)
        grade, until = None, ""
        if rules[rule].window.by_grade:
            grade = st.selectbox("事故等级", list(GRADES), format_func=lambda one: GRADES[one], key="grade")
        if rules[rule].applies_to.season:
            until = st.text_input("这一季的末日", placeholder="2026-10-31", key="until", max_chars=40)
        signed = _signed()
        if st.form_submit_button("登记", type="primary"):
            given = {"start": start, "title": title, "body": body, "grade": grade, "region": region, "until": until}
            _open(rule, given, signed)


def _open(rule: str, given: dict[str, Any], signed: tuple[str, str]) -> None:
    try:
        identity, value = ledgers.opened(rule, given)
    except ledgers.Incomplete as error:
        st.error(str(error))
        return
    _keep(Deed(who=signed[0], why=signed[1], what="duty_open", subject=identity, value=value))


def detail(one: Duty, now: datetime) -> None:
    """One duty: how it stands, why, by which proofs, and who wrote what."""
    st.html('<a class="hy-title" href="ledger" target="_self">← 全部事项</a>')
    st.html(duty_sheets.head(one, now))
    st.subheader("证明", anchor=False)
    st.html(duty_sheets.proofs(one))
    st.subheader("督察意见", anchor=False)
    st.html(duty_sheets.review(one))
    with st.expander("到期日的逐日计算", icon=":material/calendar_month:"):
        st.html(duty_sheets.steps(one))
    st.subheader("经过（只追加，不改写）", anchor=False)
    st.html(duty_sheets.history(one))
    st.subheader("登记", anchor=False)
    entering(one)


def entering(one: Duty) -> None:
    """The form of an entry; who and why are mandatory."""
    what = st.selectbox("要登记的", ledgers.forms_of(one), format_func=lambda kind: ENTRY_WORDS[kind], key="what")
    with st.form("entry", clear_on_submit=False):
        given = _fields(what, one)
        who, why = _signed()
        if st.form_submit_button("记录", type="primary"):
            try:
                value = ledgers.value_of(what, given)
            except ledgers.Incomplete as error:
                st.error(str(error))
                return
            _keep(Deed(who=who, why=why, what=what, subject=one.id, value=value))


def _fields(what: EntryKind, one: Duty) -> dict[str, Any]:
    """The fields each kind of entry needs."""
    rule = ledgers.openable()[one.rule]
    match what:
        case "duty_prove":
            limit = LARGEST_ATTACHMENT >> 20
            named = f"证明文件（最大 {limit} MB；只记其 SHA-256，不保存内容）"
            file = st.file_uploader(named, key="file", max_upload_size=limit)
            return {
                "at": _text("办成的日期或时刻", "at", "2026-03-16"), "url": _text("公开处的网址", "url"),
                "note": _text(f"说明（{NO_NAMES}）", "note"), "file": file.getvalue() if file else None,
            }  # fmt: skip
        case "duty_review":
            done = st.selectbox(
                "完成情况", [True, False], format_func=lambda is_: "已完成" if is_ else "未完成", key="done"
            )
            return {
                "done": done,
                "problems": st.text_area("存在问题（每行一条）", key="problems", max_chars=4 * TEXT_LIMIT),
                "measures": st.text_area("整改措施（每行一条）", key="measures", max_chars=4 * TEXT_LIMIT),
                "units": _text("整改责任主体", "units"), "materials_from": _text("材料提供部门", "materials"),
            }  # fmt: skip
        case "duty_extend":
            longest = rule.window.extension.max if rule.window.extension else 1
            needs = rule.window.extension.needs if rule.window.extension else ()
            label = f"延长多少{UNITS.get(rule.window.unit, '')}（合计至多 {longest}）"
            return {
                "by": int(st.number_input(label, 1, longest, longest, key="by")),
                "needs": st.multiselect("已办妥的手续", needs, key="needs", placeholder="请选择，可多选"),
            }
        case "duty_suspend":
            ground = st.selectbox("情形", rule.start.suspended_by, key="ground")
            return {
                "from": _text("首日", "from", "2026-03-02"),
                "to": _text("末日（未定时不填）", "to"),
                "ground": ground,
            }
        case "duty_restart":
            return {"at": _text(f"重新起算之日（{rule.start.restarted_by}）", "at", "2026-03-02")}
    entries = {noted.entry.id: noted for noted in one.history if noted.fault is None}
    undone = ["", *(id for id, noted in entries.items() if noted.entry.what not in ("duty_open", "duty_withdraw"))]
    return {"of": st.selectbox("撤回哪一条", undone, format_func=lambda id: _named(id, entries), key="of")}


def _named(identity: str, entries: dict[str, Any]) -> str:
    if not identity:
        return "整个事项"
    return f"{ENTRY_WORDS[entries[identity].entry.what]} {identity}"


def _text(label: str, key: str, placeholder: str | None = None) -> str:
    return st.text_input(label, placeholder=placeholder, key=key, max_chars=TEXT_LIMIT)


def _signed() -> tuple[str, str]:
    return (
        st.text_input("谁登记的（姓名与职务，必填）", key="who", max_chars=TEXT_LIMIT).strip(),
        st.text_input("依据（必填）", key="why", max_chars=TEXT_LIMIT).strip(),
    )


def _keep(deed: Deed) -> None:
    """Recorded, then the page anew: what stands above the form must not be older than what was just said."""
    try:
        entry = ledgers.keep(deed)
    except UsageError as error:
        st.error(str(error))
        return
    st.session_state[SAID] = f"已记录 {entry}。"
    st.query_params["id"] = deed.subject
    st.rerun()


identity = st.query_params.get("id", "")
with outages.told():
    at = queries.now().at if not queries.is_empty() else None
    chosen = ledgers.duty(identity, at) if identity and at is not None else None
    if (said := st.session_state.pop(SAID, None)) is not None:
        st.success(said)
    if at is None:
        st.title("台账", anchor=False)
        st.info("还没有数据。请先运行 `huiying demo` 或 `huiying watch`，或用 `huiying ledger open` 登记。")
    elif chosen is not None:
        detail(chosen, at)
    else:
        st.title("台账", anchor=False)
        if identity:
            st.info("没有这个事项。")
        overview(at)
