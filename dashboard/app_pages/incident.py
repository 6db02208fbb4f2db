"""Incident: its posts and statements on one line of time, every clock with its computation, coverage, evidence."""

from __future__ import annotations

import streamlit as st

from dashboard import charts, queries
from dashboard.drawing import clock_name, countdown, instant, link, noted, pill, safe, span, table
from dashboard.words import DECISIONS, FIGURES, FORMS, GATES, GRADES, ISSUERS, KINDS, MODALITIES, STATES, VERDICTS
from stream.core.documents import Incident, Judgement, Post


def _head(incident: Incident, judgement: Judgement | None) -> None:
    st.title("事件")
    st.subheader(incident.title, anchor=False)
    grade = judgement.severity.grade if judgement else None
    facts = {
        "状态": STATES[incident.state],
        "等级": GRADES.get(grade or "", "未定（无数字或无分级标准时不猜测）"),
        "类型": (judgement.event_type if judgement else None) or "—",
        "地区": "、".join(incident.regions[:3]) or "不详",
        "事发": span(judgement.occurred) if judgement else "不详",
        "首现": span(incident.first_public.interval),
        "主题": "、".join(incident.topics) or "—",
        "应回应的机关": "、".join(one.body for one in judgement.responsible) if judgement else "待定",
    }
    table(tuple(facts), [[safe(value) for value in facts.values()]])


def _clocks(judgement: Judgement) -> None:
    st.subheader("时钟与结论")
    now = queries.now()
    titles = queries.rule_titles()
    table(
        ("义务", "性质", "机关", "时钟", "起点", "截止", "结论", "理由", "用时", "倒计时"),
        (
            [
                noted(titles.get(one.rule, one.rule), f"{one.rule} · {one.rule_version}"),
                safe(MODALITIES[one.modality]),
                safe(one.body or "待定"),
                safe(clock_name(one.clock)),
                noted(span(one.start), one.basis),
                safe(instant(one.due.latest) if one.due else "—"),
                pill(one),
                safe(one.reason),
                safe(_hours(one.elapsed_s.min, one.elapsed_s.max)) if one.elapsed_s else "—",
                countdown(one, now.at),
            ]
            for one in judgement.obligations
        ),
    )
    with st.expander("判定经过（只追加，不改写）"):
        table(
            ("成立于", "知悉于", "义务", "时钟", "由", "变为", "理由"),
            (
                [
                    safe(instant(one.at)), safe(instant(one.known_at)), safe(titles.get(one.rule, one.rule)),
                    safe(clock_name(one.clock)), safe(VERDICTS[one.before] if one.before else "—"),
                    safe(VERDICTS[one.after]), safe(one.reason),
                ]
                for one in judgement.changes
            ),
        )  # fmt: skip


def _hours(shortest: float, longest: float | None) -> str:
    """Elapsed time in hours, as a range where it is one."""
    if longest is None:
        return f"至少 {shortest / 3600:.1f} 小时"
    if longest == shortest:
        return f"{shortest / 3600:.1f} 小时"
    return f"{shortest / 3600:.1f}–{longest / 3600:.1f} 小时"


def _answers(incident: Incident) -> None:
    st.subheader("回应")
    table(
        ("发布", "形式", "发布者", "权威", "标题", "撤回"),
        (
            [
                safe(span(one.published)),
                safe(FORMS[one.form]),
                safe(f"{one.issuer or '未署名'}（{ISSUERS[one.issuer_kind]}）"),
                "是" if one.is_authoritative else "否",
                link(one.url, one.title or "（无题）"),
                safe(instant(one.removed_at)) if one.removed_at else "",
            ]
            for one in sorted(incident.responses, key=lambda one: (one.published.latest, one.mention))
        ),
    )


def _timeline(dossier: queries.Dossier) -> None:
    st.subheader("经过")
    judgement = dossier.judgement
    deadlines = [
        (queries.rule_titles().get(one.rule, one.rule), one.due.latest)
        for one in (judgement.obligations if judgement else [])
        if one.due is not None and one.clock == "strict" and one.modality != "advisory"
    ]
    st.altair_chart(charts.heat(dossier.incident, deadlines), width="stretch")
    st.caption(f"共 {dossier.members} 条信息；柱为每小时信息数，绿线为权威发布，红虚线为时限。")
    table(
        ("采集", "类别", "来源", "标题", "摘录", "证据"),
        (
            [
                safe(instant(post.collected_at)),
                safe(KINDS[post.mention.kind]),
                safe(post.mention.account or post.mention.source or "—", 40),
                link(post.mention.url, post.mention.title or "（无题）"),
                safe(post.mention.quote, 100),
                _evidence(post),
            ]
            for post in sorted(dossier.posts, key=lambda one: (one.collected_at, one.id))
        ),
    )


def _evidence(post: Post) -> str:
    """The hash of what was captured, and whether the page itself is kept."""
    capture = post.mention.capture
    digest = capture.sha256 if capture else post.mention.content_sha256
    kept = "（页面已存证）" if capture and capture.file else ""
    return noted("", f"SHA-256 {digest[:16]}…{kept}")


def _proof(incident: Incident, judgement: Judgement) -> None:
    left, right = st.columns(2)
    with left:
        st.subheader("数字（各方所报，逐条保留）")
        table(
            ("项目", "数值", "报出者", "知悉于"),
            (
                [
                    safe(name)
                    for name in (FIGURES.get(one.name, one.name), one.value, one.issuer or "—", instant(one.known_at))
                ]
                for one in incident.figures
            ),
        )
    with right:
        st.subheader("渠道监测记录")
        table(
            ("渠道", "自", "至", "可达", "说明"),
            ([safe(one.source), safe(instant(one.from_at)), safe(instant(one.to_at)), "是" if one.reachable else "否",
              safe(one.reason or "")] for one in judgement.coverage),
        )  # fmt: skip


def _decisions(incident: Incident) -> None:
    st.subheader("人的决定")
    table(
        ("时间", "谁", "决定", "内容", "依据"),
        (
            [
                safe(instant(one.collected_at)),
                safe(one.who),
                safe(DECISIONS.get(one.what, one.what)),
                safe(one.value),
                safe(one.why),
            ]
            for one in incident.decisions
        ),
    )
    with st.form("decide", clear_on_submit=True):
        what = st.selectbox("决定", tuple(DECISIONS), format_func=lambda one: DECISIONS[one])
        value = st.text_input("内容（定级填 I–IV；认定须回应填 " + "、".join(GATES) + "；认定时间填 ISO 时刻）")
        who = st.text_input("谁（姓名与职务）")
        why = st.text_input("依据")
        if st.form_submit_button("记录"):
            if who.strip() and why.strip():
                queries.decide(what, incident.first_public.mention, who.strip(), why.strip(), value.strip() or None)
                st.success("已记录，流水线即将处理")
            else:
                st.error("请填写是谁、依据什么")


identity = st.query_params.get("id", "")
found = queries.dossier(identity) if identity and not queries.is_empty() else None
if found is None:
    st.title("事件")
    st.info("请从“值守”“时限”“检索”或“复盘”页打开一个事件。")
else:
    _head(found.incident, found.judgement)
    if found.judgement:
        _clocks(found.judgement)
    _answers(found.incident)
    _timeline(found)
    if found.judgement:
        _proof(found.incident, found.judgement)
    _decisions(found.incident)
