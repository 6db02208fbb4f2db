"""Incident: what is owed by every clock, who answered, the line of time, the proof, and people's decisions."""

from __future__ import annotations

from typing import Any, cast

import streamlit as st

from dashboard import charts, dossiers, gists, grounds, ledgers, names, outages, queries, rulings, trail
from dashboard.decisions import ENTRIES, NEEDED, Incomplete, value_of
from dashboard.drawing import plain
from dashboard.tallies import headline
from dashboard.words import DECISIONS, FORMS, GATES, GRADES
from stream.bookkeeping import Deed
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
def answered(identity: str) -> None:
    """Who owed what by when, whether they did, what is not known; objections; then every clock. Counts down."""
    judgement, incident = queries.judgement(identity), queries.incident(identity)
    if judgement is None or incident is None:
        st.info("这个事件还没有判定。")
        return
    now = queries.now()
    if not now.is_running:
        st.warning("流水线没有在运行：倒计时停在它最后写下的那一刻；新的决定会在它启动后处理。")
    st.html(gists.answer(incident, judgement, now.at))
    if objected := trail.objections(incident):
        st.html(objected)
    if found := dossiers.clocks(judgement, now.at):
        st.subheader("各起算点（从严据以定结论，其余供申诉对照）", anchor=False)
        st.html(found)


@st.fragment(run_every=FACTS_S)
@outages.told()
def facts(identity: str) -> None:
    """All that is known, as far as it is short: answers, gaps, proof, then what is looked up now and then."""
    dossier = queries.dossier(identity)
    if dossier is None:
        return
    incident, judgement = dossier.incident, dossier.judgement
    st.subheader("回应", anchor=False)
    st.html(dossiers.responses(dossier))
    if judgement is not None:
        st.subheader("监看缺口", anchor=False)
        st.html(rulings.gaps(judgement))
        if judgement.conflicts:
            st.subheader("机关所报数字互相矛盾", anchor=False)
            st.html(rulings.conflicts(judgement))
    st.subheader("经过", anchor=False)
    st.altair_chart(charts.heat(incident, _deadlines(judgement)), width="stretch")
    st.caption(f"共 {incident.heat.posts} 条信息。柱为每小时信息数，绿线为权威发布，红虚线为从严时钟的时限。北京时间。")
    st.subheader("结论所依据的信息", anchor=False)
    st.html(dossiers.evidence(dossier))
    if judgement is not None:
        ruled(judgement)
    with st.expander("数字（各方所报，逐条保留）", icon=":material/numbers:"):
        st.html(dossiers.figures(dossier))
    with st.expander("责任单位渠道的监看记录", icon=":material/visibility:"):
        st.html(dossiers.coverage(judgement))
    with st.expander("已发出的提醒", icon=":material/notifications:"):
        st.html(dossiers.alerts(dossier))


def ruled(judgement: Judgement) -> None:
    """How the verdicts came about, folded: rules, bodies, without people, duties without a number, history."""
    with st.expander("规则原文、依据与版本", icon=":material/gavel:"):
        st.html(grounds.rules_quoted(judgement))
    with st.expander("按单位看（各单位只凭自己的发布）", icon=":material/account_balance:"):
        st.html(rulings.by_body(judgement))
    changed = f"，{len(judgement.automatic)} 项因人的决定而不同" if judgement.automatic else ""
    with st.expander(f"自动判定与现行结论{changed}", icon=":material/compare_arrows:"):
        st.html(rulings.automatic(judgement))
    with st.expander("只作提示、不判超时的义务", icon=":material/info:"):
        st.html(dossiers.advice(judgement))
    with st.expander("判定经过（只追加，不改写）", icon=":material/history:"):
        st.html(dossiers.history(judgement))


@st.fragment(run_every=CLOCK_S)
@outages.told()
def decided(identity: str) -> None:
    """What people decided, as soon as the pipeline has taken it up."""
    incident = queries.incident(identity)
    if incident is not None:
        st.html(trail.decisions(incident))
        entries = queries.entries(identity)
        if entries:
            st.html('<div class="hy-group">督察意见与出具的原卷</div>' + trail.entered(entries))
        with st.expander("留痕（哈希链：改动、缺失、调换都会被 huiying audit verify 查出）", icon=":material/link:"):
            st.html(trail.links(queries.links(incident, entries)))


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
        if st.form_submit_button("记录决定", type="primary", key="decided"):
            _record(what, incident, given, (who.strip(), why.strip()))


def review(judgement: Judgement) -> None:
    """A supervisor's word on the incident: the columns of the supervision table."""
    duties: dict[str | None, str] = {None: "全部义务"}
    duties |= {one.rule: names.rule_names().get(one.rule, one.rule) for one in headline(judgement)}
    with st.form("review", clear_on_submit=False):
        rule = st.selectbox("对哪一项义务", list(duties), format_func=lambda one: duties[one], key="review-rule")
        done = st.selectbox("完成情况", [False, True], format_func=lambda is_: "已完成" if is_ else "未完成",
                            key="review-done")  # fmt: skip
        given = {
            "problems": st.text_area("存在问题（每行一条）", key="review-problems", max_chars=4 * TEXT_LIMIT),
            "measures": st.text_area("整改措施（每行一条）", key="review-measures", max_chars=4 * TEXT_LIMIT),
            "units": st.text_input("整改责任主体", key="review-units", max_chars=TEXT_LIMIT),
            "materials_from": st.text_input("材料提供部门", key="review-materials", max_chars=TEXT_LIMIT),
        }
        who = st.text_input("谁登记的（姓名与职务，必填）", key="review-who", max_chars=TEXT_LIMIT).strip()
        why = st.text_input("依据（必填）", key="review-why", max_chars=TEXT_LIMIT).strip()
        if st.form_submit_button("记录督察意见", type="primary", key="reviewed"):
            value = ledgers.value_of("duty_review", {"done": done, **given})
            _keep(Deed(who=who, why=why, what="duty_review", subject=judgement.id, value=value, rule=rule))


def _keep(deed: Deed) -> None:
    try:
        entry = ledgers.keep(deed)
    except UsageError as error:
        st.error(plain(str(error)))
        return
    st.success(f"已记录 {entry}：见上面的“督察意见”，并进入督察表（“复盘”页下载）。")


def issue(identity: str) -> None:
    """How the proof is handed out, and how anybody checks it."""
    st.write("原卷是证明这一结论的全部材料：原页、哈希、事实、规则原文、逐步计算。任何人用第二条命令即可复核，不需要本系统的"
             "数据；出具本身登记在册。按某时所知出具：加 --as-of '2026-03-02 18:00'。")  # fmt: skip
    st.code(grounds.commands(identity), language="bash", wrap_lines=True)


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
        judged = queries.judgement(identity)
        st.html(dossiers.head(found, judged))
        answered(identity)
        facts(identity)
        members(identity)
        st.subheader("人的决定", anchor=False)
        decided(identity)
        deciding, reviewing, issuing = st.tabs(["记录决定或异议", "写督察意见", "出具原卷"])
        with deciding:
            decide(found)
        with reviewing:
            if judged is not None:
                review(judged)
            else:
                st.info("这个事件还没有判定。")
        with issuing:
            issue(identity)
