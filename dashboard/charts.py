"""Charts: hours of heat with the statements on top. Data only, no markup, so hostile titles stay text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import altair as alt
import pandas as pd

from dashboard.words import FORMS
from stream.core.documents import Incident
from stream.ports import TopicCount

HEIGHT = 220


def heat(incident: Incident, deadlines: Sequence[tuple[str, datetime]]) -> Any:
    """Posts per hour, statement markers, deadlines."""
    hours = pd.DataFrame([{"时间": _naive(hour), "信息数": count} for hour, count in incident.heat.hourly])
    bars = alt.Chart(hours).mark_bar(color="#9bb8d9").encode(x="时间:T", y="信息数:Q", tooltip=["时间:T", "信息数:Q"])
    answers = pd.DataFrame(
        [
            {"时间": _naive(one.published.latest), "发布": f"{FORMS.get(one.form, one.form)}：{one.issuer or '未署名'}"}
            for one in incident.responses
            if one.is_authoritative
        ],
        columns=["时间", "发布"],
    )
    marks = (
        alt.Chart(answers).mark_rule(color="#10602b", strokeWidth=2).encode(x="时间:T", tooltip=["时间:T", "发布:N"])
    )
    due = pd.DataFrame([{"时间": _naive(at), "时限": name} for name, at in deadlines], columns=["时间", "时限"])
    ends = alt.Chart(due).mark_rule(color="#95170c", strokeDash=[4, 3])
    ends = ends.encode(x="时间:T", tooltip=["时间:T", "时限:N"])
    return alt.layer(bars, marks, ends).properties(height=HEIGHT)


def topics(counts: Sequence[TopicCount]) -> Any:
    """Posts per topic and hour, stacked."""
    frame = pd.DataFrame([{"时间": _naive(one.hour), "主题": one.topic, "信息数": one.posts} for one in counts])
    return (
        alt.Chart(frame)
        .mark_bar()
        .encode(x="时间:T", y="信息数:Q", color=alt.Color("主题:N", legend=alt.Legend(columns=2)),
                tooltip=["时间:T", "主题:N", "信息数:Q"])
        .properties(height=HEIGHT)
    )  # fmt: skip


def _naive(at: datetime) -> datetime:
    """Shanghai wall time without zone: the browser would shift an aware one to its own."""
    from stream.core.intervals import SHANGHAI

    return at.astimezone(SHANGHAI).replace(tzinfo=None)
