"""One request at a time to a host."""

from __future__ import annotations

import asyncio

from crawlers.turns import Turns


def run(addresses: list[str]) -> list[str]:
    """What happens when all of them are wanted at once, in order."""
    told: list[str] = []

    async def visit(turns: Turns, url: str) -> None:
        async with turns.at(url, 0.0):
            told.append(f"+{url[-1]}")
            await asyncio.sleep(0)
            told.append(f"-{url[-1]}")

    async def all_at_once() -> None:
        turns = Turns()
        await asyncio.gather(*(visit(turns, url) for url in addresses))

    asyncio.run(all_at_once())
    return told


def test_a_host_is_asked_one_thing_at_a_time() -> None:
    told = run(["http://a.example/1", "http://A.example/2", "http://a.example/3"])
    assert told == ["+1", "-1", "+2", "-2", "+3", "-3"]


def test_hosts_do_not_wait_for_each_other() -> None:
    assert run(["http://a.example/1", "http://b.example/2"])[:2] == ["+1", "+2"]


def test_a_failure_frees_the_turn() -> None:
    async def fail_then_go() -> str:
        turns = Turns()
        try:
            async with turns.at("http://a.example/1", 0.0):
                raise OSError
        except OSError:
            async with turns.at("http://a.example/2", 0.0):
                return "went"

    assert asyncio.run(fail_then_go()) == "went"
