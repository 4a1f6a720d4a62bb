"""Planted flows from one group of addresses to another, and near misses that leave and never arrive."""

from __future__ import annotations

from itertools import pairwise

from flow_pipeline.simulation.typologies import DAY, HOUR, USUAL, Event, Planter

SOURCE = "Lantern Market"
"""The group the flows leave: labelled as an exploit, so that it is a source of critical risk."""
SOURCE_ADDRESSES = 3
_MAX_HOPS = 6


def plant_flows(p: Planter, source: list[int], count: int) -> list[Event]:
    """`count` flows of each length up to six hops, and three near misses of each kind."""
    events: list[Event] = []
    p.turn_to("group_flow", USUAL)
    for _ in range(count):
        events += [_flow(p, source, hops) for hops in range(1, _MAX_HOPS + 1)]
    for _ in range(3):
        too_long, rests, back = _flow(p, source, _MAX_HOPS + 1), _flow(p, source, 3, DAY + HOUR), _flow(p, source, 3)
        at, sender, _, token, amount, _ = back.rows[-1]
        # to another address of the group, or it would be a circle
        other = next(address for address in source if address != back.rows[0][1])
        back.rows[-1] = (at, sender, other, token, amount, True)
        for event, note in ((too_long, "seven hops"), (rests, "rests for 25 hours"), (back, "returns to its group")):
            event.kind, event.note = "near_miss", note
            events.append(event)
    return events


def _flow(p: Planter, source: list[int], hops: int, rest: int | None = None) -> Event:
    """A path from the source to an exchange; each address keeps a part, unlike a typology's or a deposit address."""
    way = [source[p.some(0, len(source) - 1)], *p.people(hops - 1), int(p.hot[p.some(0, len(p.hot) - 1), 0])]
    token, at = p.token(), p.start(8 * DAY)
    amount = p.sum_of(token)
    event = Event("group_flow", "planted", "")
    for sender, receiver in pairwise(way):
        event.rows.append((at, sender, receiver, token, amount, True))
        at += rest or p.some(2 * HOUR, 20 * HOUR)
        amount *= p.share(0.5, 0.78)
    return event
