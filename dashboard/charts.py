"""Charts: hours of heat with the statements on top. Data only, no markup; crawled words are made plain first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import altair as alt
import pandas as pd

from dashboard.drawing import plain
from dashboard.words import ANSWERS_NOTHING, FORMS
from stream.core.cases import Incident
from stream.core.intervals import SHANGHAI
from stream.ports import TopicCount

HEIGHT = 230
TOPICS = 8  # more colours nobody can tell apart
HOURS = 24 * 14  # of an incident's heat: the newest two weeks


def heat(incident: Incident, deadlines: Sequence[tuple[str, datetime]]) -> Any:
    """Posts per hour; statements in green, deadlines in red."""
    hours = pd.DataFrame(
        [{"时间": _local(hour), "信息数": count} for hour, count in incident.heat.hourly[-HOURS:]],
        columns=["时间", "信息数"],
    )
    bars = alt.Chart(hours).mark_bar(color="#9bb8d9").encode(
        x=_HOUR, y=alt.Y("信息数:Q", title="每小时信息数"), tooltip=[_AT, "信息数:Q"]
    )  # fmt: skip
    answers = pd.DataFrame(
        [{"时间": _local(one.published.latest), "发布": plain(f"{FORMS[one.form]}：{one.issuer or '未署名'}", 60)}
         for one in incident.responses if one.is_authoritative and one.form not in ANSWERS_NOTHING],
        columns=["时间", "发布"],
    )  # fmt: skip
    marks = alt.Chart(answers).mark_rule(color="#10602b", strokeWidth=2).encode(x=_TIME, tooltip=[_AT, "发布:N"])
    due = pd.DataFrame(
        [{"时间": _local(at), "时限": plain(name, 60)} for name, at in deadlines], columns=["时间", "时限"]
    )
    ends = alt.Chart(due).mark_rule(color="#b3261e", strokeDash=[5, 3], strokeWidth=2)
    ends = ends.encode(x=_TIME, tooltip=[_AT, "时限:N"])
    words = alt.Chart(due).mark_text(color="#b3261e", align="left", dx=4, dy=8, fontSize=11).encode(
        x=_TIME, y=alt.value(0), text="时限:N"
    )  # fmt: skip
    return alt.layer(bars, marks, ends, words).properties(height=HEIGHT)


def topics(counts: Sequence[TopicCount]) -> Any:
    """Posts per topic and hour, stacked; the topics beyond the largest are one."""
    sums: Counter[str] = Counter()
    for one in counts:
        sums[one.topic] += one.posts
    largest = [topic for topic, _ in sorted(sums.items(), key=lambda one: (-one[1], one[0]))[:TOPICS]]
    rows: Counter[tuple[datetime, str]] = Counter()
    for one in counts:
        rows[one.hour, one.topic if one.topic in largest else "其他"] += one.posts
    frame = pd.DataFrame(
        [{"时间": _local(hour), "主题": topic, "信息数": posts} for (hour, topic), posts in rows.items()]
    )
    order = [*largest, *(["其他"] if len(sums) > TOPICS else [])]
    colour = alt.Color(
        "主题:N", sort=order, scale=alt.Scale(scheme="tableau10", domain=order), legend=alt.Legend(title=None)
    )
    return (
        alt.Chart(frame).mark_bar()
        .encode(x=_HOUR, y=alt.Y("信息数:Q", title="每小时信息数"), color=colour,
                tooltip=[_AT, "主题:N", "信息数:Q"])
        .properties(height=HEIGHT)
    )  # fmt: skip


_HOUR = alt.X(
    "yearmonthdatehours(时间):T",
    title=None,
    axis=alt.Axis(format="%m-%d %H:%M", labelAngle=0, labelOverlap=True, tickCount=8),
)
_TIME = alt.X("时间:T", title=None, axis=alt.Axis(format="%m-%d %H:%M", labelAngle=0, labelOverlap=True, tickCount=8))
_AT = alt.Tooltip("时间:T", format="%Y-%m-%d %H:%M")


def _local(at: datetime) -> datetime:
    """Shanghai wall time without zone: the browser would shift an aware one to its own."""
    return at.astimezone(SHANGHAI).replace(tzinfo=None)
