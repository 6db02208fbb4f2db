"""Incident: what is owed by every clock, who answered, the line of time, the proof, and people's decisions."""

from __future__ import annotations

from typing import Any, cast

import streamlit as st

from dashboard import charts, dossiers, names, outages, queries, rulings, trail
from dashboard.decisions import ENTRIES, NEEDED, Incomplete, value_of
from dashboard.drawing import plain
from dashboard.words import DECISIONS, FORMS, GATES, GRADES
from stream.core.cases import Incident, Judgement
from stream.core.deciding import LARGEST_ATTACHMENT
from stream.core.documents import DecisionKind
from stream.errors import UsageError
from stream.recording import Draft

CLOCK_S = 1.0
FACTS_S = 5.0
TEXT_LIMIT = 500


@st.fragment(run_every=CLOCK_S)
@outages.told()
def clocks(identity: str) -> None:
    """The clocks with their computation; counts down."""
    judgement = queries.judgement(identity)
    if judgement is None:
        st.info("这个事件还没有判定。")
        return
    now = queries.now()
    if not now.is_running:
        st.warning("流水线没有在运行：倒计时停在它最后写下的那一刻；新的决定会在它启动后处理。")
    st.html(dossiers.clocks(judgement, now.at))
    incident = queries.incident(identity)
    if incident is not None and (objected := trail.objections(incident)):
        st.html(objected)


@st.fragment(run_every=FACTS_S)
@outages.told()
def beside(identity: str) -> None:
    """What stands beside the verdicts: without people's decisions, body by body, contradictions, gaps."""
    judgement = queries.judgement(identity)
    if judgement is None:
        return
    st.subheader("自动判定与现行结论", anchor=False)
    st.html(rulings.automatic(judgement))
    st.subheader("监看缺口", anchor=False)
    st.html(rulings.gaps(judgement))
    with st.expander("按单位看（各单位只凭自己的发布）", icon=":material/account_balance:"):
        st.html(rulings.by_body(judgement))
    if judgement.conflicts:
        st.subheader("机关所报数字互相矛盾", anchor=False)
        st.html(rulings.conflicts(judgement))


@st.fragment(run_every=FACTS_S)
@outages.told()
def facts(identity: str) -> None:
    """All that is known, as far as it is short."""
    dossier = queries.dossier(identity)
    if dossier is None:
        return
    incident, judgement = dossier.incident, dossier.judgement
    st.subheader("经过", anchor=False)
    st.altair_chart(charts.heat(incident, _deadlines(judgement)), width="stretch")
    st.caption(f"共 {incident.heat.posts} 条信息。柱为每小时信息数，绿线为权威发布，红虚线为从严时钟的时限。")
    st.subheader("回应", anchor=False)
    st.html(dossiers.responses(dossier))
    left, right = st.columns(2)
    with left:
        st.subheader("数字（各方所报，逐条保留）", anchor=False)
        st.html(dossiers.figures(dossier))
    with right:
        st.subheader("责任单位渠道的监看", anchor=False)
        st.html(dossiers.coverage(judgement))
    st.subheader("证据", anchor=False)
    st.html(dossiers.evidence(dossier))
    if judgement is not None:
        with st.expander("判定经过（只追加，不改写）", icon=":material/history:"):
            st.html(dossiers.history(judgement))
    with st.expander("已发出的提醒", icon=":material/notifications:"):
        st.html(dossiers.alerts(dossier))


@st.fragment(run_every=CLOCK_S)
@outages.told()
def decided(identity: str) -> None:
    """What people decided, as soon as the pipeline has taken it up."""
    incident = queries.incident(identity)
    if incident is not None:
        st.html(trail.decisions(incident))
        with st.expander("留痕（哈希链：改动、缺失、调换都会被 huiying audit verify 查出）", icon=":material/link:"):
            st.html(trail.links(queries.links(incident)))


def _deadlines(judgement: Judgement | None) -> list[tuple[str, Any]]:
    return [
        (names.rule_names().get(one.rule, one.rule), one.due.latest)
        for one in (dossiers.headline_clocks(judgement) if judgement else [])
        if one.due is not None and one.verdict != "not_applicable"
    ]


def members(identity: str) -> None:
    """All posts, a page at a time."""
    with st.expander("全部信息（新的在前）", icon=":material/list:"):
        trail = st.session_state.setdefault(f"members-{identity}", [])
        page = queries.members(identity, trail[-1] if trail else None)
        st.html(dossiers.members(page.members))
        newer, older, _ = st.columns([1, 1, 6])
        if trail and newer.button("较新的"):
            trail.pop()
            st.rerun()
        if page.cursor and older.button("更早的"):
            trail.append(page.cursor)
            st.rerun()


def decide(incident: Incident) -> None:
    """The form of a decision; who and why are mandatory."""
    what = cast(
        DecisionKind,
        st.selectbox("要记录的决定", tuple(DECISIONS), format_func=lambda one: DECISIONS[one], key="what"),
    )
    entry = ENTRIES[what]
    with st.form("decide", clear_on_submit=False):
        given = _entries(entry, incident)
        who = st.text_input("谁决定的（姓名与职务，必填）", key="who", max_chars=TEXT_LIMIT)
        why = st.text_input("依据（必填）", key="why", max_chars=TEXT_LIMIT)
        if st.form_submit_button("记录决定", type="primary"):
            _record(what, incident, given, (who.strip(), why.strip()))


def _entries(entry: str, incident: Incident) -> dict[str, Any]:
    """The fields a kind of decision needs."""
    given: dict[str, Any] = {}
    if entry == "grade":
        given["choice"] = st.selectbox(
            "等级",
            [*GRADES, None],
            format_func=lambda one: GRADES[one] if one else "撤销人工定级，按数字推算",
            key="choice",
        )
    elif entry == "gate":
        gates = [one for one in GATES if one != "incident"]
        given["choice"] = st.selectbox("为何须回应", gates, format_func=lambda one: GATES[one], key="choice")
    elif entry in {"response", "restated"}:
        titles = {
            one.mention: plain(f"{FORMS[one.form]}｜{one.issuer or '未署名'}｜{one.title}", 80)
            for one in incident.responses
        }
        given["choice"] = st.selectbox("哪条回应", list(titles), format_func=lambda one: titles[one], key="choice")
    elif entry == "exemption":
        given["choice"] = st.selectbox(
            "法律依据", list(names.grounds()), format_func=lambda one: names.grounds()[one], key="choice"
        )
        rules = {"": "全部时限", **{one.id: one.text for one in names.rules().rules if one.judged == "clock"}}
        given["rule"] = st.selectbox("豁免哪一项", list(rules), format_func=lambda one: rules[one], key="rule")
    elif entry in {"post", "other", "posts"}:
        given["text"] = st.text_input(NEEDED[entry], key="value", max_chars=4 * TEXT_LIMIT)
    elif entry == "objection":
        given["body"] = st.text_input("提出异议的单位（必填）", key="body", max_chars=200)
        given["text"] = st.text_area("异议内容（必填）", key="objection", max_chars=8 * TEXT_LIMIT)
        limit = LARGEST_ATTACHMENT >> 20
        given["file"] = st.file_uploader(
            f"附件（一份，最大 {limit} MB，存入证据库）", key="file", max_upload_size=limit
        )
    if entry in {"interval", "restated"}:
        given["earliest"] = st.text_input(
            "最早（可不填）", placeholder="2026-03-02 09:10", key="earliest", max_chars=40
        )
    if entry in {"instant", "interval", "restated"}:
        given["latest"] = st.text_input("时刻（或最晚）", placeholder="2026-03-02 09:12", key="latest", max_chars=40)
    return given


def _record(what: DecisionKind, incident: Incident, given: dict[str, Any], signed: tuple[str, str]) -> None:
    who, why = signed
    if not who or not why:
        st.error("请填写是谁决定的、依据什么")
        return
    try:
        value = value_of(ENTRIES[what], given)
        draft = Draft(what=what, post=incident.first_public.mention, who=who, why=why, value=value)
        queries.decide(draft, _attached(given.get("file")))
    except (Incomplete, UsageError) as error:
        st.error(plain(str(error)))
        return
    st.success("已记录。流水线在运行时，一秒左右即生效，并出现在上面的“人的决定”中。")


def _attached(file: Any) -> tuple[str, bytes] | None:
    """The uploaded file; a huge one is refused by its size, not read."""
    if file is None:
        return None
    if file.size > LARGEST_ATTACHMENT:
        raise UsageError("附件超过 20 MB")
    return file.name, file.getvalue()


identity = st.query_params.get("id", "")
with outages.told():
    found = queries.incident(identity) if identity and not queries.is_empty() else None
    if found is None:
        st.title("事件", anchor=False)
        st.info("没有这个事件。请从“值守”“时限”“检索”或“复盘”页打开一个事件。" if identity else
                "请从“值守”“时限”“检索”或“复盘”页打开一个事件。")  # fmt: skip
    else:
        st.html(dossiers.head(found, queries.judgement(identity)))
        clocks(identity)
        beside(identity)
        facts(identity)
        members(identity)
        st.subheader("人的决定", anchor=False)
        decided(identity)
        decide(found)
