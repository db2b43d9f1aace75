"""Each notification once, and no faster than it can be judged."""

from __future__ import annotations

import asyncio

from twitch.inflow import REMEMBERED, Inflow


async def test_a_repeated_notification_is_let_in_once() -> None:
    inflow = Inflow()
    assert [inflow.first(each) for each in ("a", "b", "a", "b", "c")] == [True, True, False, False, True]
    assert (inflow.received, inflow.repeats) == (3, 2)


async def test_memory_of_ids_is_bounded_and_forgets_the_oldest() -> None:
    inflow = Inflow()
    for number in range(REMEMBERED + 1):
        inflow.first(str(number))
    assert inflow.first("0")
    assert not inflow.first(str(REMEMBERED))


async def test_reading_pauses_while_too_many_wait_and_goes_on_when_there_is_room() -> None:
    inflow = Inflow(limit=2)
    inflow.enter()
    await asyncio.wait_for(inflow.room(), 1)
    inflow.enter()
    paused = asyncio.create_task(inflow.room())
    await asyncio.sleep(0)
    assert not paused.done()
    inflow.leave()
    await asyncio.wait_for(paused, 1)
    assert inflow.pauses == 1
    assert inflow.waiting == 1
