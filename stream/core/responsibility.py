"""Who owes an answer, by the rules of attribution of 国办发〔2016〕61号: 属地管理、分级负责、谁主管谁负责.

A record must not put a duty on a body that has none. So a body is derived only where the place is known well enough to
tell it, several places need evidence of their own, and in doubt the department of the first place is the one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from stream.core.cases import Responsible
from stream.core.documents import EventType
from stream.core.register import MUNICIPALITIES, Authorities, Body, Department, level_of
from stream.core.rules import OWN_LAW, region_prefix

# Of these an unnamed place in a province tells no body: a province answers for the grave ones alone (分级负责).
LOCAL: tuple[EventType, ...] = ("事故灾难", "社会安全")
# These may lie in several prefectures at once; an accident follows the place where it happened, and so does a crime.
SPREADING: tuple[EventType, ...] = ("自然灾害", "公共卫生")


class Kind(NamedTuple):
    """What an emergency is; `is_grave`: graded I or II."""

    type: EventType | None
    subtype: str | None = None
    is_grave: bool = False


class Matter(NamedTuple):
    """What a duty is derived from. `regions` and `named`: what its posts name, the first one first; `kind`: None for no
    emergency."""

    topics: Sequence[str]
    regions: Sequence[str]
    named: Sequence[str]
    kind: Kind | None


class Register(Protocol):
    """Which body a name means and what a region's departments are called (stream.core.authorities.Registry)."""

    authorities: Authorities

    def resolve(self, name: str, at: datetime) -> Body | None: ...

    def region_name(self, code: str) -> str | None: ...

    def government_of(self, region: str) -> str: ...

    def department_in(self, department: Department, region: str, at: datetime) -> str: ...


def attributed(register: Register, matter: Matter, at: datetime) -> list[Responsible]:
    """Bodies that owe an answer, the first in duty first, each with the rule of attribution.

    Where it spreads over several prefectures, the department above them leads. Then a body of the place that is named;
    the department of the event, then of each topic, in the first region; that region's government (属地); a named body
    above. Without a region: only what was named. In 台湾, 香港, 澳门: nobody.
    """
    region = next((code for code in matter.regions if register.region_name(code) is not None), None)
    if region is not None and region.startswith(OWN_LAW):
        return []
    named = [body for name in matter.named if (body := register.resolve(name, at)) is not None and _can_owe(body)]
    if region is None:
        # A ministry's own policy lies nowhere; an emergency lies somewhere, and is seldom a ministry's.
        return _distinct(_named(one for one in named if matter.kind is None or one.level != "national"))
    near = [one for one in named if _is_of(one, region)]
    local = [one for one in near if one.level != "province" or level_of(region) == "province"]
    lead = _lead(register, matter, [region, *_acting(matter, named)], at)
    found = [] if lead is None else [Responsible(body=lead, rule="common_superior")]
    found += _named(local)
    if not _is_vague(matter.kind, region):
        departments = _departments(register.authorities, matter)
        found += [Responsible(body=register.department_in(one, region, at), rule=rule) for one, rule in departments]
        found.append(Responsible(body=register.government_of(region), rule="territorial"))
    return _distinct([*found, *_named(near)])


def has_jurisdiction(issuer: Body | None, regions: Sequence[str], responsible: Iterable[str]) -> bool:
    """Whether an issuer may answer for what lies in `regions` (domain: any body with jurisdiction satisfies).

    Only a body of another province than all of these is known to have none; whoever is unknown, national or responsible
    has the benefit of the doubt.
    """
    if issuer is None or issuer.region is None or issuer.level == "national" or not regions:
        return True
    own = issuer.region[:2]
    return any(one.startswith(own) for one in regions) or issuer.name in set(responsible)


def region_above(regions: Sequence[str]) -> str | None:
    """The code of the region above several prefectures or provinces ("" = the nation); None where all of them lie in
    one prefecture, or in one municipality."""
    provinces = {code[:2] for code in regions}
    if len(provinces) > 1:
        return ""
    prefectures = {code[:4] for code in regions if not code.endswith("0000")}
    is_city = provinces <= set(MUNICIPALITIES)
    return f"{regions[0][:2]}0000" if len(prefectures) > 1 and not is_city else None


def _acting(matter: Matter, named: Sequence[Body]) -> list[str]:
    """The prefectures whose own departments act, where there are several; a place that is merely named proves nothing:
    a storm is felt far away, somebody is from there, a bulletin lists the country."""
    if matter.kind is None or matter.kind.type not in SPREADING:
        return []
    places = [one.region for one in named if one.region is not None and not one.region.endswith("0000")]
    own = dict.fromkeys(code[:4] + "00" for code in places if any(code[:4] == one[:4] for one in matter.regions))
    return list(own) if len(own) > 1 else []


def _lead(register: Register, matter: Matter, places: Sequence[str], at: datetime) -> str | None:
    """Who leads above several prefectures: the first department in duty there, else that region's government."""
    above = region_above(places)
    if above is None or (above and register.region_name(above) is None):
        return None
    department = next((one for one, _ in _departments(register.authorities, matter)), None)
    if not above:
        return None if department is None else department.national
    return register.government_of(above) if department is None else register.department_in(department, above, at)


def _is_vague(kind: Kind | None, region: str) -> bool:
    """Somewhere in a province: no body of it can be told, except of what is grave."""
    is_local = kind is not None and kind.type in LOCAL and not kind.is_grave
    return is_local and region.endswith("0000") and region[:2] not in MUNICIPALITIES


def _departments(authorities: Authorities, matter: Matter) -> Iterator[tuple[Department, str]]:
    """By the kind of event (else its type), then by each topic."""
    if (kind := matter.kind) is not None:
        handling = [one for one in authorities.departments if kind.subtype in one.subtypes]
        yield from ((one, f"event:{kind.subtype}") for one in handling)
        if not handling:
            yield from ((one, f"event:{kind.type}") for one in authorities.departments if kind.type in one.events)
    for topic in matter.topics:
        yield from ((one, f"topic:{topic}") for one in authorities.departments if topic in one.topics)


def _can_owe(body: Body) -> bool:
    return body.bears_duty and body.kind in ("government", "police")


def _is_of(body: Body, region: str) -> bool:
    """Whether it is a body of the region, of a place inside it, or of a region above."""
    if body.region is None:
        return False
    return region.startswith(region_prefix(body.region)) or body.region.startswith(region_prefix(region))


def _named(bodies: Iterable[Body]) -> list[Responsible]:
    return [Responsible(body=one.name, rule="named") for one in bodies]


def _distinct(found: Sequence[Responsible]) -> list[Responsible]:
    first: dict[str, Responsible] = {}
    for one in found:
        first.setdefault(one.body, one)
    return list(first.values())
