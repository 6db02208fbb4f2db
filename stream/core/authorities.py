"""The authority register: which public body answers for what, under which names, on which channels, since when.

Pure: `Registry` is built from the loaded `config/authorities.yaml` and from the names of regions (GB/T 2260) that the
caller hands in. A body that nobody registered is derived by a department's pattern: 寿光市 + 市场监督管理局. The rules
of attribution are those of 国办发〔2016〕61号 (属地管理、分级负责、谁主管谁负责); without a region nothing is guessed.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType

from msgspec import Struct, field

from stream.core.cases import Responsible
from stream.core.documents import EventType, IssuerKind, Level
from stream.core.intervals import SHANGHAI

PLACE = "{place}"
# 新疆维吾尔自治区克孜勒苏柯尔克孜自治州… with its county: longer is no name of a place, and the search is bounded.
LONGEST_PLACE = 40
MUNICIPALITIES = ("11", "12", "31", "50")


class Part(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A piece of the register; strict and immutable."""


class Channel(Part, frozen=True, kw_only=True):
    """A watched channel: `source` is an id of sources.yaml, polled every `poll_minutes`; valid in [since, until)."""

    source: str
    poll_minutes: int = 60
    since: date | None = None
    until: date | None = None


class Former(Part, frozen=True, kw_only=True):
    """A name that ended: from `until` on it means the body that carries it here; before, the body of that name."""

    name: str
    until: date | None = None


class Body(Part, frozen=True, kw_only=True):
    """A public body. `region` is a GB/T 2260 code, None for a national body or where the name alone does not tell."""

    name: str
    kind: IssuerKind = "government"
    level: Level | None = None
    region: str | None = None
    topics: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    former: list[Former] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    channels: list[Channel] = field(default_factory=list)
    since: date | None = None
    until: date | None = None


class Department(Part, frozen=True, kw_only=True):
    """A kind of department that every region has. `name` at county and city level, `province`, `municipality` where the
    name differs there; `national` is the ministry above it."""

    name: str
    kind: IssuerKind = "government"
    province: str | None = None
    municipality: str | None = None
    national: str | None = None
    topics: list[str] = field(default_factory=list)
    events: list[EventType] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    former: list[Former] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)


class Authorities(Part, frozen=True, kw_only=True):
    """config/authorities.yaml. `government` names a region's government, with its account patterns; `regions` adds full
    names by code that GB/T 2260 does not list (development zones, the demonstration's fictional places)."""

    government: str = "{place}人民政府"
    government_accounts: list[str] = field(default_factory=list)
    departments: list[Department] = field(default_factory=list)
    bodies: list[Body] = field(default_factory=list)
    regions: dict[str, str] = field(default_factory=dict)


def level_of(region: str) -> Level:
    """The level of a GB/T 2260 code."""
    if region.endswith("0000"):
        return "province"
    return "city" if region.endswith("00") else "county"


def region_above(regions: Sequence[str]) -> str | None:
    """The code of the region above several prefectures or provinces ("" = the nation); None where all of them lie in
    one prefecture, or in one municipality."""
    provinces = {code[:2] for code in regions}
    if len(provinces) > 1:
        return ""
    prefectures = {code[:4] for code in regions if not code.endswith("0000")}
    is_city = provinces <= set(MUNICIPALITIES)
    return f"{regions[0][:2]}0000" if len(prefectures) > 1 and not is_city else None


class Registry:
    """Answers whose job an incident is, and where that body speaks.

    `names` gives a region's full name by its code; `codes` gives the codes that a full or short name may mean;
    `fetched` gives the channels by body that the crawlers poll themselves, beside those registered here.
    """

    def __init__(
        self,
        authorities: Authorities,
        names: Mapping[str, str],
        codes: Mapping[str, Sequence[str]],
        fetched: Mapping[str, Sequence[Channel]] = MappingProxyType({}),
    ) -> None:
        self.authorities = authorities
        self._fetched = fetched
        added = authorities.regions
        self._names = {**names, **added} if added else names
        self._codes = {**codes, **{name: (code,) for code, name in added.items()}} if added else codes
        self._bodies = _by_name(authorities.bodies)
        self._suffixes = _suffixes(authorities.departments)
        self._resolved: dict[tuple[str, date], Body | None] = {}

    def resolve(self, name: str, at: datetime) -> Body | None:
        """The body that a name or an account means at `at`; None where it is no public body we know of.

        A department's name after a place that could be several places is a body without region.
        """
        key = (name, at.astimezone(SHANGHAI).date())
        if key not in self._resolved:
            if len(self._resolved) > 50_000:
                self._resolved.clear()
            self._resolved[key] = self._resolve(*key)
        return self._resolved[key]

    def responsible(
        self,
        topics: Sequence[str],
        regions: Sequence[str],
        named_bodies: Sequence[str],
        event_type: EventType | None,
        at: datetime,
    ) -> list[Responsible]:
        """Bodies that owe an answer, the first in duty first, each with the rule of attribution.

        Of several regions the department above them all leads; an accident follows the place where it happened. A body
        named in the posts; the department of the event's type, then of each topic, in the most specific region; that
        region's government (属地). Without a region: only what was named.
        """
        known = [code for code in regions if code in self._names]
        found: list[Responsible] = []
        if event_type != "事故灾难" and (above := region_above(known)) is not None:
            lead = self._lead(topics, event_type, above, at)
            found += [] if lead is None else [Responsible(body=lead, rule="common_superior")]
        found += [Responsible(body=self._canonical(name, at), rule="named") for name in named_bodies]
        region = next(iter(known), None)
        if region is not None:
            for department, rule in self._departments(topics, event_type):
                found.append(Responsible(body=self.department_in(department, region, at), rule=rule))
            found.append(Responsible(body=self.government_of(region), rule="territorial"))
        return _distinct(found)

    def channels(self, body: str, at: datetime) -> list[Channel]:
        """The watched channels of a body at `at`: registered or fetched; none where nobody watches it."""
        day = at.astimezone(SHANGHAI).date()
        known = self._bodies.get(body)
        if known is None and (resolved := self.resolve(body, at)) is not None:
            known = self._bodies.get(resolved.name, [resolved])
        standing = [one for one in known or [] if _holds(one.since, one.until, day)]
        registered = [one for body in standing for one in body.channels if _holds(one.since, one.until, day)]
        sources = {one.source for one in registered}
        return [*registered, *(one for one in self._fetched.get(body, ()) if one.source not in sources)]

    def added_region(self, written: str) -> str | None:
        """The code of a region that the register itself adds, by its code or name; None for any other."""
        added = self.authorities.regions
        return written if written in added else next((code for code, name in added.items() if name == written), None)

    def region_name(self, code: str) -> str | None:
        """A region's full name: the register's, else GB/T 2260's."""
        return self._names.get(code)

    def government_of(self, region: str) -> str:
        """The government of a region, by its code."""
        return self.authorities.government.replace(PLACE, self._full_name(region))

    def department_in(self, department: Department, region: str, at: datetime) -> str:
        """A registered body with the department's names in that region, else its name by the pattern."""
        name = self._full_name(region) + _local_name(department, region)
        return self._canonical(name, at)

    def superior(
        self, level: Level, region: str | None, at: datetime, topic: str | None = None, body: str | None = None
    ) -> str | None:
        """The department of `topic`, or named `body`, at `level` above `region`; None where there is none, or where the
        region is unknown (a national one needs none)."""
        for department in self.authorities.departments:
            if (topic is not None and topic in department.topics) or (body in department_names(department)):
                if level == "national":
                    return department.national
                code = "" if region is None else region[:2] + "0000" if level == "province" else region[:4] + "00"
                return self.department_in(department, code, at) if code in self._names else None
        return None

    def _lead(self, topics: Sequence[str], event_type: EventType | None, above: str, at: datetime) -> str | None:
        """Who leads above several regions: the first department in duty there, else that region's government."""
        department = next((one for one, _ in self._departments(topics, event_type)), None)
        if not above:
            return None if department is None else department.national
        if above not in self._names:
            return None
        return self.government_of(above) if department is None else self.department_in(department, above, at)

    def _departments(self, topics: Sequence[str], event_type: EventType | None) -> Iterator[tuple[Department, str]]:
        for department in self.authorities.departments:
            if event_type is not None and event_type in department.events:
                yield department, f"event:{event_type}"
        for topic in topics:
            for department in self.authorities.departments:
                if topic in department.topics:
                    yield department, f"topic:{topic}"

    def _canonical(self, name: str, at: datetime) -> str:
        body = self.resolve(name, at)
        return name if body is None else body.name

    def _resolve(self, name: str, day: date) -> Body | None:
        for body in self._bodies.get(name, []):
            if _holds(body.since, body.until, day) and not any(
                former.name == name and former.until is not None and day < former.until for former in body.former
            ):
                return body
        return self._by_department(name, day) or self._by_account(name)

    def _by_department(self, name: str, day: date) -> Body | None:
        """<place><department>: the longest department name that ends `name` and leaves a place."""
        for length in range(min(len(name) - 1, 16), 1, -1):
            department = self._suffixes.get(name[-length:])
            codes = self._places(name[:-length]) if department is not None else None
            if department is not None and codes:
                return self._derived(department, codes, name, _stood_as(department, name[-length:], day))
        return self._government(name)

    def _government(self, name: str) -> Body | None:
        _, _, suffix = self.authorities.government.partition(PLACE)
        for ending in (suffix, "政府"):
            if ending and name.endswith(ending) and (codes := self._places(name.removesuffix(ending))):
                return self._government_body(codes, name)
        return None

    def _by_account(self, name: str) -> Body | None:
        """平安XX, XX发布 … (a hint only: the verified owner, registered under `accounts`, comes first)."""
        for pattern in self.authorities.government_accounts:
            if codes := self._place_in(pattern, name):
                return self._government_body(codes, name)
        for department in self.authorities.departments:
            for pattern in department.accounts:
                if codes := self._place_in(pattern, name):
                    return self._derived(department, codes, name)
        return None

    def _place_in(self, pattern: str, name: str) -> Sequence[str]:
        before, _, after = pattern.partition(PLACE)
        if not (name.startswith(before) and name.endswith(after)):
            return ()
        return self._places(name[len(before) : len(name) - len(after)])

    def _places(self, written: str) -> Sequence[str]:
        """Codes of a place's name, also of several in a row (江西上饶市, 北京市朝阳区)."""
        if len(written) > LONGEST_PLACE:
            return ()
        if direct := self._codes.get(written, ()):
            return direct
        for cut in range(2, min(len(written) - 1, 12)):
            above = [code.rstrip("0") for code in self._codes.get(written[:cut], ())]
            if above and (inside := [code for code in self._places(written[cut:]) if code.startswith(tuple(above))]):
                return inside
        return ()

    def _full_name(self, region: str) -> str:
        """A region's name; with its parent's before it where several regions share it (北京市朝阳区)."""
        name = self._names[region]
        if sum(self._names[code] == name for code in self._codes.get(name, ())) < 2:
            return name
        above = self._names.get(region[:4] + "00") or self._names.get(region[:2] + "0000", "")
        return above + name

    def _derived(self, department: Department, codes: Sequence[str], written: str, former: str | None = None) -> Body:
        if len(codes) != 1:
            return Body(name=written, kind=department.kind, topics=department.topics)
        region = codes[0]
        name = self._full_name(region) + (former or _local_name(department, region))
        if registered := self._bodies.get(name):
            return registered[0]
        return Body(name=name, kind=department.kind, level=level_of(region), region=region, topics=department.topics)

    def _government_body(self, codes: Sequence[str], written: str) -> Body:
        if len(codes) != 1:
            return Body(name=written)
        name = self.government_of(codes[0])
        if registered := self._bodies.get(name):
            return registered[0]
        return Body(name=name, level=level_of(codes[0]), region=codes[0])


def problems(registry: Registry, topics: Collection[str] = (), sources: Collection[str] | None = None) -> list[str]:
    """What is wrong in the register, in Chinese, one sentence each with its remedy; for `huiying check`.

    `topics` are the configured topic names, `sources` the ids of sources.yaml; where left out they are not checked.
    """
    return [*_doubles(registry), *_unknown_regions(registry), *_dangling(registry.authorities, topics, sources)]


def _doubles(registry: Registry) -> Iterator[str]:
    for name, bodies in sorted(registry._bodies.items()):
        spans = sorted((one.since or date.min, one.until or date.max, one.name) for one in bodies)
        for (_, until, first), (since, _, second) in itertools.pairwise(spans):
            if since < until:
                yield f"名称“{name}”同时属于“{first}”和“{second}”；请写明 since、until，或删去其一"


def _unknown_regions(registry: Registry) -> Iterator[str]:
    for body in registry.authorities.bodies:
        if body.region is not None and body.region not in registry._names:
            yield f"“{body.name}”的 region {body.region} 不是 GB/T 2260 代码；请改正"


def _dangling(authorities: Authorities, topics: Collection[str], sources: Collection[str] | None) -> Iterator[str]:
    owners: list[Department | Body] = [*authorities.departments, *authorities.bodies]
    for owner in owners:
        for topic in owner.topics:
            if topics and topic not in topics:
                yield f"“{owner.name}”的主题“{topic}”不在 topics.yaml 中；请改正"
    for department in authorities.departments:
        for pattern in department.accounts:
            if PLACE not in pattern:
                yield f"“{department.name}”的账号样式“{pattern}”缺少 {PLACE}；请补上"
    for body in authorities.bodies:
        for channel in body.channels:
            if sources is not None and channel.source not in sources:
                yield f"“{body.name}”的渠道 {channel.source} 不在 sources.yaml 中；请改正"


def _by_name(bodies: Sequence[Body]) -> dict[str, list[Body]]:
    """Every name, alias, former name and account of the registered bodies."""
    found: dict[str, list[Body]] = {}
    for body in bodies:
        names = [body.name, *body.aliases, *body.accounts, *(former.name for former in body.former)]
        for name in dict.fromkeys(names):
            found.setdefault(name, []).append(body)
    return found


def _suffixes(departments: Sequence[Department]) -> dict[str, Department]:
    """Every ending that names a department; the first department to claim one keeps it."""
    found: dict[str, Department] = {}
    for department in departments:
        for name in department_names(department):
            found.setdefault(name, department)
    return found


def department_names(department: Department) -> list[str]:
    """Every name of a department, without a place."""
    names = [department.name, department.province, department.municipality, *department.aliases]
    return list(dict.fromkeys([*(name for name in names if name), *(former.name for former in department.former)]))


def _local_name(department: Department, region: str) -> str:
    if region.endswith("0000"):
        local = department.municipality if region[:2] in MUNICIPALITIES else department.province
        return local or department.province or department.name
    return department.name


def _stood_as(department: Department, written: str, day: date) -> str | None:
    """`written` where it was still a body's own name at `day`."""
    ended = [former.until for former in department.former if former.name == written]
    return written if ended and ended[0] is not None and day < ended[0] else None


def _holds(since: date | None, until: date | None, day: date) -> bool:
    return (since is None or since <= day) and (until is None or day < until)


def _distinct(found: Sequence[Responsible]) -> list[Responsible]:
    first: dict[str, Responsible] = {}
    for one in found:
        first.setdefault(one.body, one)
    return list(first.values())
