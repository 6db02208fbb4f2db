"""The pipeline's clock: the only place that reads the wall. A demonstration's runs from another day, faster."""

from __future__ import annotations

from datetime import datetime

from stream.core.intervals import SHANGHAI
from stream.core.records import Clock


def wall_now() -> datetime:
    """The wall clock, Asia/Shanghai."""
    return datetime.now(SHANGHAI)


class PipelineClock:
    """now = start + (wall - wall at start) * speed; the live service has start = wall and speed 1."""

    def __init__(self, start: datetime | None = None, speed: float = 1.0) -> None:
        self._wall = wall_now()
        self._start = start or self._wall
        self.speed = speed

    def now(self) -> datetime:
        """The pipeline's time, Asia/Shanghai."""
        return self._start + (wall_now() - self._wall) * self.speed

    def wall(self) -> datetime:
        """The wall clock."""
        return wall_now()

    def reading(self, name: str, watermark: datetime | None) -> Clock:
        """Of the "pipeline": what the dashboard counts down from. Of a lane: how far it is."""
        return Clock(id=name, collected_at=self.now(), wall_at=wall_now(), speed=self.speed, watermark=watermark)


def clock_now(clock: Clock, wall: datetime) -> datetime:
    """The pipeline's time at wall time `wall`, from its last saved reading."""
    return clock.collected_at + (wall - clock.wall_at) * clock.speed
