"""The authority register: which public body answers for what, under which names, on which channels, since when.

Pure: `Registry` is built from the loaded `config/authorities.yaml` and from the names of regions (GB/T 2260) that the
caller hands in. A body that nobody registered is derived by a department's pattern: 寿光市 + 市场监督管理局. The rules
of attribution are those of 国办发〔2016〕61号 (属地管理、分级负责、谁主管谁负责); without a region nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType

from stream.core.cases import Responsible
from stream.core.documents import EventType, Level
from stream.core.intervals import SHANGHAI
from stream.core.register import (
    PLACE,
    Authorities,
    Body,
    Channel,
    Department,
    Former,
    department_names,
    holds,
    level_of,
    local_name,
    stood_as,
)
from stream.core.responsibility import Kind, Matter, attributed
from stream.core.rules import OWN_LAW

__all__ = ["LONGEST_PLACE", "Authorities", "Body", "Channel", "Department", "Former", "Registry", "department_names"]

# 新疆维吾尔自治区克孜勒苏柯尔克孜自治州… with its county: longer is no name of a place, and the search is bounded.
LONGEST_PLACE = 40


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
        event_type: Kind | EventType | None,
        at: datetime,
    ) -> list[Responsible]:
        """Bodies that owe an answer, the first in duty first, each with the rule of attribution
        (stream.core.responsibility.attributed). `event_type`: of an emergency, None for anything else."""
        kind = Kind(event_type) if isinstance(event_type, str) else event_type
        return attributed(self, Matter(topics, regions, named_bodies, kind), at)

    def channels(self, body: str, at: datetime) -> list[Channel]:
        """The watched channels of a body at `at`: registered or fetched; none where nobody watches it."""
        day = at.astimezone(SHANGHAI).date()
        known = self._bodies.get(body)
        if known is None and (resolved := self.resolve(body, at)) is not None:
            known = self._bodies.get(resolved.name, [resolved])
        standing = [one for one in known or [] if holds(one.since, one.until, day)]
        registered = [one for body in standing for one in body.channels if holds(one.since, one.until, day)]
        sources = {one.source for one in registered}
        return [*registered, *(one for one in self._fetched.get(body, ()) if one.source not in sources)]

    def added_region(self, written: str) -> str | None:
        """The code of a region that the register itself adds, by its code or name; None for any other."""
        added = self.authorities.regions
        return written if written in added else next((code for code, name in added.items() if name == written), None)

    def registered(self) -> Mapping[str, Sequence[Body]]:
        """The registered bodies by every name that means them."""
        return self._bodies

    def region_name(self, code: str) -> str | None:
        """A region's full name: the register's, else GB/T 2260's."""
        return self._names.get(code)

    def government_of(self, region: str) -> str:
        """The government of a region, by its code."""
        return self.authorities.government.replace(PLACE, self._full_name(region))

    def department_in(self, department: Department, region: str, at: datetime) -> str:
        """A registered body with the department's names in that region, else its name by the pattern."""
        name = self._full_name(region) + local_name(department, region)
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
                if region is not None and region.startswith(OWN_LAW):
                    return None
                code = "" if region is None else region[:2] + "0000" if level == "province" else region[:4] + "00"
                return self.department_in(department, code, at) if code in self._names else None
        return None

    def _canonical(self, name: str, at: datetime) -> str:
        body = self.resolve(name, at)
        return name if body is None else body.name

    def _resolve(self, name: str, day: date) -> Body | None:
        for body in self._bodies.get(name, []):
            if holds(body.since, body.until, day) and not any(
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
                return self._derived(department, codes, name, stood_as(department, name[-length:], day))
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
        if len(codes) != 1 or codes[0].startswith(OWN_LAW):
            # Several places of that name; or 香港…, whose departments are named by laws of their own.
            return Body(
                name=written, kind=department.kind, topics=department.topics, bears_duty=department.bears_duty
            )  # fmt: skip
        region = codes[0]
        name = self._full_name(region) + (former or local_name(department, region))
        if registered := self._bodies.get(name):
            return registered[0]
        return Body(
            name=name, kind=department.kind, level=level_of(region), region=region, topics=department.topics,
            bears_duty=department.bears_duty,
        )  # fmt: skip

    def _government_body(self, codes: Sequence[str], written: str) -> Body:
        if len(codes) != 1 or codes[0].startswith(OWN_LAW):
            return Body(name=written)
        name = self.government_of(codes[0])
        if registered := self._bodies.get(name):
            return registered[0]
        return Body(name=name, level=level_of(codes[0]), region=codes[0])


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
