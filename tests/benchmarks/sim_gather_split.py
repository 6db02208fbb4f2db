"""What is lost when one gatherer becomes several: posts split by region over k gatherers, and a stitching reader above
that joins their incidents' summaries. B³ against the one gatherer, and the load of each.

python tests/benchmarks/sim_gather_split.py --data FOLDER [--month 2025-09] [--enough 76 110 150] [--week FILE FILE]

FOLDER holds a month of hot searches as `YYYY-MM.jsonl.gz` (title, description, first_shown_at); `--week POSTS LABELS`
measures against labels made by hand, too. Gatherers and stitcher are the product's own step and matcher; a summary is
an incident as the step publishes it: opened, with new facts, or with twice the posts it had when last told of.

Routes: "together" = what names no region has a gatherer of its own; "by term" = it goes by its rarest term. "Scouts"
is another way: one gatherer, before which any number of readers with a copy of its index, a minute old, drop what
is irrelevant and fits nowhere; the rest it reads in order as before.
"""

from __future__ import annotations

import argparse
import gzip
import heapq
import json
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from bench_gather import Memory
from profiles import CONFIG

from stream.assembly import step_maker
from stream.core import incidents, moves
from stream.core.cases import Assignment, Incident
from stream.core.documents import Emergency, Figures, Mention, Page, Row
from stream.core.intervals import SHANGHAI, exactly
from stream.core.matching import SUPPORT_SHIFT, OpenIncidents, Weights
from stream.ports import partition_of
from stream.settings import load_settings
from stream.steps.gather import Gather

SPLITS = (1, 2, 4, 8)
LATE = timedelta(minutes=1)
MASK = (1 << SUPPORT_SHIFT) - 1
Route = Callable[[Mention, int], int]


class Kept(Memory):
    """Keeps assignments too: who is where is the question here."""

    def put(self, item: Any) -> None:
        self.items[type(item), item.id] = item


class Gatherer:
    """One gather step with its state and its timers; counts what it does."""

    def __init__(self) -> None:
        self.step, self.state = Gather(), Kept()
        self.posts, self.cpu_s = 0, 0.0
        self._told: dict[str, int] = {}
        self._timers: list[tuple[datetime, str]] = []

    def take(self, mention: Mention) -> list[Incident]:
        """The summaries that this post brings."""
        began = time.process_time()
        self._ring(mention.collected_at)
        changed = {one.id: one for one in self.step.handle(mention, self.state) if isinstance(one, Incident)}
        self.cpu_s += time.process_time() - began
        self.posts += 1
        found = self.state.get(Assignment, mention.id)
        if found is not None and found.incident is not None:
            incident = self.state.get(Incident, found.incident)
            heapq.heappush(self._timers, (incident.due_at, incident.id))
            if incident.heat.posts >= 2 * self._told.get(incident.id, 1):
                changed[incident.id] = incident
        self._told |= {one.id: one.heat.posts for one in changed.values()}
        return list(changed.values())

    def _ring(self, until: datetime) -> None:
        while self._timers and self._timers[0][0] < until:
            due_at, id = heapq.heappop(self._timers)
            incident = self.state.get(Incident, id)
            if incident.due_at == due_at:
                for _ in self.step.tick(incident, due_at, self.state):
                    pass
                if (after := self.state.get(Incident, id)).due_at is not None:
                    heapq.heappush(self._timers, (after.due_at, id))

    def placed(self) -> dict[str, str]:
        """The incident of every post that has one."""
        found = [one for (kind, _), one in self.state.items.items() if kind is Assignment]
        return {one.id: one.incident for one in found if one.incident is not None}


class Stitcher:
    """Reads summaries in order of time; `of` says into which incident each goes. Whatever was joined stays joined."""

    def __init__(self, enough: int) -> None:
        self._index = OpenIncidents(msgspec.structs.replace(Weights(), enough=enough))
        self._members: dict[str, dict[str, Incident]] = {}
        self.of: dict[str, str] = {}
        self.summaries, self.cpu_s = 0, 0.0

    def take(self, incident: Incident) -> None:
        began = time.process_time()
        self.summaries += 1
        root = self.of.setdefault(incident.id, incident.id)
        self._members.setdefault(root, {})[incident.id] = incident
        if len(self._members[root]) == 1:
            root = self._joined(root, incident)
        self._index.put(self._whole(root))
        self.cpu_s += time.process_time() - began

    def _joined(self, root: str, incident: Incident) -> str:
        """The root that an incident still alone goes to: another's, where it fits there as a post would."""
        self._index.remove(root)
        found = self._index.match(_as_post(incident)).incident
        if found is None:
            return root
        self._members[found] |= self._members.pop(root)
        self.of[incident.id] = found
        return found

    def _whole(self, root: str) -> Incident:
        """All its members' facts, under the root's id."""
        members = self._members[root]
        whole = members[root]
        for id in sorted(members):
            if id != root:
                whole, _ = moves.merged(whole, members[id], members[id].collected_at)
        return whole


def _as_post(incident: Incident) -> Mention:
    """A summary in the words of the matcher: what most of its posts say comes first."""
    terms = sorted(incident.terms, key=lambda term: (-(term >> SUPPORT_SHIFT), -(term & 0xFF), term))
    figures = {one.name: one.value for one in incident.figures}
    first = incident.emergencies[0].emergency if incident.emergencies else Emergency(is_emergency=False)
    return Mention(
        id=incident.id, collected_at=incident.collected_at, source=None, url=None, account=None, kind="post",
        title=incident.title, quote="", published=incident.first_public.interval, heat=None, answers=None,
        removed_at=None, relevant=True, topics=[], emergency=first, figures=Figures(**figures), severity=None,
        occurred=None, regions=incident.regions, bodies=incident.bodies, response=None, content_sha256="",
        model_version="", fingerprint=[term & MASK for term in terms],
    )  # fmt: skip


def together(mention: Mention, gatherers: int) -> int:
    """Provinces over all gatherers but the first, which has what names none."""
    if gatherers == 1 or not mention.regions:
        return 0
    return 1 + partition_of(mention.regions[0][:2], gatherers - 1)


def by_term(mention: Mention, gatherers: int) -> int:
    """Provinces over all gatherers; what names none by its rarest term."""
    if mention.regions:
        return partition_of(mention.regions[0][:2], gatherers)
    return partition_of(str(max(mention.fingerprint, key=lambda term: term & 0xFF, default=0)), gatherers)


class Scouts:
    """What any number of scouts together let through: their copies of the index are `LATE` old."""

    def __init__(self) -> None:
        self._index = OpenIncidents()
        self._coming: deque[tuple[datetime, Incident]] = deque()
        self.cpu_s = 0.0

    def hear(self, incident: Incident, at: datetime) -> None:
        self._coming.append((at + LATE, incident))

    def lets_through(self, post: Mention) -> bool:
        """Whether the gatherer must see it."""
        began = time.process_time()
        while self._coming and self._coming[0][0] <= post.collected_at:
            incident = self._coming.popleft()[1]
            if incidents.is_alive(incident):
                self._index.put(incident)
            else:
                self._index.remove(incident.id)
        found = post.relevant or self._index.match(post).incident is not None
        self.cpu_s += time.process_time() - began
        return found


def scouted(posts: list[Mention], gold: Mapping[str, str]) -> None:
    """One gatherer behind scouts, which hear of every post that joins."""
    gatherer, scouts = Gatherer(), Scouts()
    for post in posts:
        if scouts.lets_through(post):
            gatherer.take(post)
            placed = gatherer.state.get(Assignment, post.id)
            if placed is not None:
                scouts.hear(gatherer.state.get(Incident, placed.incident), post.collected_at)
    print(
        f"scouts, {LATE} behind: {b_cubed(gold, gatherer.placed())}; the gatherer reads "
        f"{gatherer.posts / len(posts):.0%} of posts in {gatherer.cpu_s:.2f} s, all scouts {scouts.cpu_s:.2f} s"
    )


ROUTES: Mapping[str, Route] = {"together": together, "by term": by_term}


def played(posts: list[Mention], gatherers: int, route: Route, enough: int) -> tuple[list[Gatherer], Stitcher]:
    """All posts through so many gatherers and one stitcher."""
    every, stitcher = [Gatherer() for _ in range(gatherers)], Stitcher(enough)
    for post in posts:
        for summary in every[route(post, gatherers)].take(post):
            stitcher.take(summary)
    return every, stitcher


def b_cubed(gold: Mapping[str, str], found: Mapping[str, str]) -> str:
    """Precision, recall and F1 over the posts of `gold`; a post that is in no incident is alone."""
    wanted, mine = defaultdict(set), defaultdict(set)
    for post, incident in gold.items():
        wanted[incident].add(post)
        mine[found.get(post, f"alone {post}")].add(post)
    precision = recall = 0.0
    for post, incident in gold.items():
        group = mine[found.get(post, f"alone {post}")]
        both = len(group & wanted[incident])
        precision, recall = precision + both / len(group), recall + both / len(wanted[incident])
    p, r = precision / len(gold), recall / len(gold)
    return f"P {p:.3f} R {r:.3f} F1 {2 * p * r / (p + r):.3f}"


def read(rows: Iterator[tuple[str, datetime, str, str]]) -> list[Mention]:
    """Rows of (id, time, title, text) in order of time, read by the product's own steps."""
    settings = load_settings(CONFIG / "embedded.yaml")
    extract, classify = (step_maker(name, settings)() for name in ("extract", "classify"))
    found = []
    for id, at, title, text in sorted(rows, key=lambda row: (row[1], row[0])):
        row = Row(title=title, text=text, published=exactly(at, "row"))
        for article in extract.handle(Page(id=id, collected_at=at, source="hot", kind="hotlist", row=row), Kept()):
            found += [one for one in classify.handle(article, Kept()) if isinstance(one, Mention)]
    return found


def month_rows(path: Path) -> Iterator[tuple[str, datetime, str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for number, row in enumerate(map(json.loads, file)):
            at = datetime.fromtimestamp(row["first_shown_at"], SHANGHAI)
            yield f"{number:06}", at, row["title"], row.get("description") or ""


def week_rows(path: Path) -> Iterator[tuple[str, datetime, str, str]]:
    for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        yield str(row["n"]), datetime.fromisoformat(row["first"]), row["title"], row.get("desc") or ""


def labelled(path: Path) -> dict[str, str]:
    """The incident of every labelled post, by its first label."""
    gold: dict[str, str] = {}
    for number, event in enumerate(map(json.loads, path.read_text(encoding="utf-8").splitlines())):
        for post in event["members"]:
            gold.setdefault(str(post), str(number))
    return gold


def compare(posts: list[Mention], thresholds: list[int], gold: Mapping[str, str] | None = None) -> None:
    """The table of one set of posts; against the one gatherer where there is no `gold`."""
    (one,), _ = played(posts, 1, together, thresholds[0])
    unsplit = one.placed()
    named = sum(bool(post.regions) for post in posts) / len(posts)
    needed = sum(post.relevant or post.id in unsplit for post in posts) / len(posts)
    print(f"{len(posts):,} posts, {named:.0%} name a region, {needed:.0%} are relevant or join; one gatherer: "
          f"{len(unsplit):,} placed in {len(set(unsplit.values())):,} incidents, {len(posts) / one.cpu_s:,.0f} posts/s"
          + (f", {b_cubed(gold, unsplit)}" if gold else ""))  # fmt: skip
    for route_name, route in ROUTES.items():
        for gatherers in SPLITS[1:]:
            for enough in thresholds:
                row(posts, gatherers, (route_name, route), enough, gold or unsplit)
    scouted(posts, gold or unsplit)


def row(posts: list[Mention], gatherers: int, route: tuple[str, Route], enough: int, gold: Mapping[str, str]) -> None:
    every, stitcher = played(posts, gatherers, route[1], enough)
    apart = {post: incident for one in every for post, incident in one.placed().items()}
    stitched = {post: stitcher.of[incident] for post, incident in apart.items()}
    busiest = max(every, key=lambda one: one.cpu_s)
    print(f"k={gatherers} {route[0]:8} enough {enough:3}: apart {b_cubed(gold, apart)}, stitched "
          f"{b_cubed(gold, stitched)}; busiest {max(one.posts for one in every) / len(posts):.0%} of posts, "
          f"{busiest.cpu_s:.2f} of {sum(one.cpu_s for one in every):.2f} s; stitcher "
          f"{stitcher.summaries / len(posts):.3f} summaries a post, {stitcher.cpu_s:.2f} s", flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--month", default="2025-09")
    parser.add_argument("--enough", type=int, nargs="+", default=[Weights().enough])
    parser.add_argument("--week", type=Path, nargs=2, metavar=("POSTS", "LABELS"))
    wanted = parser.parse_args()
    print(f"{wanted.month}, against one gatherer:")
    compare(read(month_rows(wanted.data / f"{wanted.month}.jsonl.gz")), wanted.enough)
    if wanted.week:
        print("the labelled week, against its labels:")
        compare(read(week_rows(wanted.week[0])), wanted.enough, labelled(wanted.week[1]))


if __name__ == "__main__":
    main()
