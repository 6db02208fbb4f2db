"""Random histories of posts, answers, removals, coverage and decisions of every kind, gathered and judged as they come.

What was ruled is noted at each message, so that it can be compared with what is said of that instant later.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from stream.core.cases import Incident, Judgement, PollSpan, Responsible
from stream.core.documents import Answer, Decision, Emergency, Figures, Mention
from stream.core.intervals import SHANGHAI, Interval, StatedInterval, exactly
from stream.core.judgement import judge_incident
from stream.core.register import Channel
from stream.core.rules import Rules
from stream.errors import MessageRejected
from stream.settings import load_yaml
from stream.steps.gather import Gather
from tests.steps.test_gather import Shelf, kept, post

RULES = load_yaml(Path(__file__).parents[2] / "config" / "rules.yaml", Rules)
START = datetime(2024, 3, 4, 8, 0, tzinfo=SHANGHAI)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
INSTANT = timedelta(microseconds=1)
SUBJECTS = ("云溪化工园储罐爆燃", "砚溪中学食堂学生呕吐", "松霭大桥坍塌车辆坠江")
WORDS = ("浓烟滚滚", "消防赶到", "送医救治", "交通管制", "负责人被控制", "正在冷却", "家属抵达", "现场清理", "市民围观")
REGIONS = (["340100"], ["340199"], ["440300"], ["440399", "340100"], [])
FORMS = ("statement", "update", "conference_held", "acknowledgement", "result", "briefing")
DECIDED = (
    "reject", "attach", "split", "merge", "restate", "occurred", "severity", "dismiss", "confirm", "gate", "exempt",
    "conference_held", "objection",
)  # fmt: skip


class Register:
    """The first place's government is responsible and has one channel; without a place nobody is."""

    def responsible(self, topics: Any, regions: Any, named_bodies: Any, event_type: Any, at: datetime) -> Any:
        named = [f"{one}人民政府" for one in regions[:1]] + list(named_bodies[:1])
        return [Responsible(body=one, rule="territorial") for one in named]

    def resolve(self, name: str, at: Any) -> None:
        """Whose region is unknown has the benefit of the doubt."""

    def channels(self, body: str, at: datetime) -> list[Channel]:
        return [Channel(source=body)]

    def superior(self, *_: Any) -> None:
        return None


@dataclass
class Ruled:
    """What was ruled on each incident at one instant."""

    at: datetime
    message: str
    judgements: dict[str, Judgement]


@dataclass
class Course:
    """A history as it is told: the step, its state, what was ruled at each message."""

    draw: random.Random
    assume_covered: bool
    gather: Gather = field(default_factory=Gather)
    shelf: Shelf = field(default_factory=Shelf)
    spans: dict[str, list[PollSpan]] = field(default_factory=dict)
    posts: dict[str, Mention] = field(default_factory=dict)
    at: datetime = START
    number: int = 0

    def told(self, messages: int) -> Iterator[tuple[dict[str, Incident], Ruled]]:
        """Each message: the incidents as they stood just before it, and what is ruled after it."""
        for _ in range(messages):
            self.number += 1
            self.at += self.draw.choice([MINUTE, 20 * MINUTE, HOUR, 3 * HOUR, 9 * HOUR, 30 * HOUR])
            if self.draw.random() < 0.05:
                self.at += timedelta(days=9)
            self._ring()
            before = {one.id: one for one in self.shelf.incidents()}
            message = self._message()
            yield before, Ruled(self.at, message, {one.id: self.judged(one, self.at) for one in self.shelf.incidents()})

    def judged(self, incident: Incident, until: datetime) -> Judgement:
        return judge_incident(incident, self.spans, RULES, Register(), until, self.assume_covered)

    def _ring(self) -> None:
        while due := sorted(
            (one.due_at, one.id) for one in self.shelf.incidents() if one.due_at is not None and one.due_at < self.at
        ):
            for at, id in due:
                list(self.gather.tick(self.shelf.get(Incident, id), at, self.shelf))

    def _message(self) -> str:
        kind = self.draw.random()
        if not self.posts or kind < 0.45:
            return self._tell(self._post())
        if kind < 0.52:
            return self._remove()
        if kind < 0.60:
            return self._cover()
        return self._decide()

    # --- posts --------------------------------------------------------------------------------------------------------

    def _tell(self, mention: Mention) -> str:
        self.posts[mention.id] = mention
        self.shelf.put(kept(mention))
        list(self.gather.handle(mention, self.shelf))
        return f"post {mention.id}"

    def _post(self) -> Mention:
        draw, told = self.draw, {}  # type: ignore[var-annotated]
        published = self.at - draw.choice([0, 5, 60, 60 * 7, 60 * 40]) * MINUTE
        told["published"] = draw.choice([exactly(published, "row"), self._wide(published), None])
        if draw.random() < 0.6:
            told["emergency"] = Emergency(
                is_emergency=True, type="事故灾难", subtype=draw.choice(["爆炸", "坍塌"]), in_china=draw.random() < 0.8
            )
        if draw.random() < 0.4:
            stated = self._wide(self.at - draw.randint(0, 20) * HOUR)
            told["occurred"] = StatedInterval(
                earliest=stated.earliest, latest=stated.latest, precision=stated.precision, source="text", text="当日"
            )
        if draw.random() < 0.5:
            told["figures"] = Figures(deaths=draw.choice([1, 12, 15, 31]))
        if draw.random() < 0.4:
            told["kind"] = "authority"
            told["response"] = Answer(
                form=draw.choice(FORMS), issuer=draw.choice(["340100人民政府", "云溪市应急管理局"]), level="city",
                issuer_kind="government", is_authoritative=draw.random() < 0.9,
            )  # fmt: skip
            if draw.random() < 0.3:
                told["known"] = StatedInterval(
                    earliest=published - HOUR, latest=published - HOUR, precision="minute", source="text", text="接报"
                )
        id = f"p{self.number:02}"
        if self.posts and "response" in told and draw.random() < 0.4:
            told["answers"] = draw.choice(sorted(one for one in self.posts if not one.endswith("#reply")))
            id = told["answers"] + "#reply" if told["answers"] + "#reply" not in self.posts else id
        title = draw.choice(SUBJECTS) + draw.choice(WORDS)
        return post(id, title, collected_at=self.at, regions=draw.choice(REGIONS), bodies=draw.choice([[], ["甲局"]]),
                    **told)  # fmt: skip

    def _wide(self, at: datetime) -> Interval:
        return Interval(earliest=at, latest=at + self.draw.choice([1, 3, 8]) * HOUR, precision="part_of_day",
                        source="text")  # fmt: skip

    def _remove(self) -> str:
        mention = self.posts[self.draw.choice(sorted(self.posts))]
        gone = replace(mention, collected_at=self.at, removed_at=self.at - MINUTE, is_new_content=False)
        return "removed: " + self._tell(gone)

    def _cover(self) -> str:
        source = self.draw.choice(["340100人民政府", "340199人民政府", "440300人民政府"])
        since = self.at - self.draw.choice([1, 5, 30, 200]) * HOUR
        row = PollSpan(since, self.at, self.at, self.draw.random() < 0.9, None)
        self.spans[source] = sorted([*self.spans.get(source, []), row], key=lambda one: (one.from_at, one.to_at))
        return f"coverage {source}"

    # --- decisions ----------------------------------------------------------------------------------------------------

    def _decide(self) -> str:
        what = self.draw.choice(DECIDED)
        of = self.draw.choice(sorted(self.posts))
        decision = Decision(
            id=f"d{self.number:02}", collected_at=self.at, who="值班长", what=what,  # type: ignore[arg-type]
            incident_of=of, value=self._value(what, of), why="依据规定",
        )  # fmt: skip
        try:
            list(self.gather.handle(decision, self.shelf))
        except MessageRejected:
            return f"{what} {of} refused"
        return f"{what} {of} {decision.value}"

    def _value(self, what: str, of: str) -> Any:
        draw = self.draw
        other = draw.choice(sorted(self.posts))
        when = (self.at - draw.randint(0, 30) * HOUR).isoformat()
        return {
            "reject": draw.choice([of, other]), "attach": other, "split": [draw.choice([of, other])], "merge": other,
            "restate": {"mention": draw.choice([of, other]), "at": when}, "occurred": when,
            "severity": draw.choice(["I", "II", "III", None]), "gate": "vital_interest",
            "exempt": {"ground": "EX-SECRET"}, "conference_held": when,
        }.get(what)  # fmt: skip
