"""The data of the authority register, as config/authorities.yaml writes it: bodies, departments, channels, names."""

from __future__ import annotations

from datetime import date

from msgspec import Struct, field

from stream.core.documents import EventType, IssuerKind, Level

PLACE = "{place}"
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
    """A public body. `region` is a GB/T 2260 code, None for a national body or where the name alone does not tell.
    `bears_duty: false`: it observes, or speaks for others (a weather service, a press office); that posts name it puts
    no duty to answer on it. Nor does it on a court: what binds governments and their departments does not bind it."""

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
    bears_duty: bool = True


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
    subtypes: list[str] = field(default_factory=list)
    bears_duty: bool = True


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


def department_names(department: Department) -> list[str]:
    """Every name of a department, without a place."""
    names = [department.name, department.province, department.municipality, *department.aliases]
    return list(dict.fromkeys([*(name for name in names if name), *(former.name for former in department.former)]))


def local_name(department: Department, region: str) -> str:
    if region.endswith("0000"):
        local = department.municipality if region[:2] in MUNICIPALITIES else department.province
        return local or department.province or department.name
    return department.name


def stood_as(department: Department, written: str, day: date) -> str | None:
    """`written` where it was still a body's own name at `day`."""
    ended = [former.until for former in department.former if former.name == written]
    return written if ended and ended[0] is not None and day < ended[0] else None


def holds(since: date | None, until: date | None, day: date) -> bool:
    return (since is None or since <= day) and (until is None or day < until)
