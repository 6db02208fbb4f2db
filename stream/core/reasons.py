"""The named reasons of every verdict: logs, dashboard and tests share these words."""

from __future__ import annotations

from typing import Literal, get_args

Reason = Literal[
    "awaiting_statement",  # the window is open and nothing has answered yet
    "provisional_grade",  # the window is open; whether the rule applies is not evident yet
    "grade_not_evident",  # the provisional window passed and no grade became evident: nobody is late
    "statement_in_time",  # latest publication ≤ earliest deadline, or both known to the same minute
    "statement_retracted",  # what had met it was withdrawn and nothing that stands meets it
    "statement_straddles_deadline",  # the intervals overlap: cannot be told
    "no_statement",  # silence over watched and reachable channels, polled past the deadline
    "statement_late",  # every statement is certainly late, over a covered window
    "fair_clock_met",  # late by the strict clock, in time since the gravity was evident
    "awaiting_coverage",  # the deadline has passed, the channels have not been polled past it
    "coverage_gap",  # a stretch of the window was not polled
    "channel_unreachable",  # a watched channel could not be reached in the window
    "never_polled_past_deadline",  # the grace is over and nobody looked
    "unwatched",  # the responsible body has no watched channel
    "no_responsible_body",  # nobody is known whose channels could be watched
    "exempt_by_person",  # a named person claimed an exemption and quoted its basis
    "no_longer_applies",  # regraded, or no emergency after all: the record is kept
    "incident_dismissed",  # a person dismissed it
    "incident_merged",  # its facts went into another incident
    "no_number",  # the rule sets no time: never late
    "awaiting_follow_up",  # advisory: no further release with a new fact yet
    "advisory_gap",  # advisory: the configured gap has passed; never "late"
    "follow_up_released",
    "issuer_level_reached",
    "unified_publication",  # by body: a law lets only a higher authority publish, this one is not called silent
    "no_jurisdiction",  # by body: an authority of another province answered, which satisfies nothing
    "only_by_decision",  # without people's decisions: the rule would not apply at all
]

REASONS: tuple[str, ...] = get_args(Reason)
CalendarReason = Literal["calendar_unpublished", "no_number", "grade_needed", "date_out_of_range"]
