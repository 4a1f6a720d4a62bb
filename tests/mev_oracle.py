"""Sandwiches, arbitrage and liquidations, written from docs/detectors.md transaction by transaction."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

Move = tuple[str, str, str, float]


@dataclass(frozen=True)
class Tx:
    """A transaction: block, place in it, sender, whom he calls, method, and moves (from, to, token, amount)."""

    name: str
    block: int
    place: int
    sender: str
    called: str
    method: str
    moves: tuple[Move, ...]


Legs = dict[str, tuple[dict[str, float], dict[str, float]]]


def legs(tx: Tx) -> Legs:
    """What each address gave and got, net over the transaction; addresses where everything cancels out are left out."""
    net: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for source, target, token, amount in tx.moves:
        if source != target:
            net[source][token] -= amount
            net[target][token] += amount
    found: Legs = {}
    for who, tokens in net.items():
        gave = {token: -amount for token, amount in tokens.items() if amount < -1e-9}
        got = {token: amount for token, amount in tokens.items() if amount > 1e-9}
        if gave or got:
            found[who] = (gave, got)
    return found


def trader(tx: Tx) -> str | None:
    """Who trades: the sender, or the contract he calls when nothing of the sender's moved."""
    found = legs(tx)
    if one_for_one(found.get(tx.sender)):
        return tx.sender
    if tx.sender not in found and one_for_one(found.get(tx.called)):
        return tx.called
    return None


def one_for_one(sides: tuple[dict[str, float], dict[str, float]] | None) -> bool:
    """One token given, one got."""
    return sides is not None and len(sides[0]) == 1 and len(sides[1]) == 1


def mev(
    transactions: list[Tx], tolerance: float, liquidations: set[str]
) -> set[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    """(kind, wallet, own transactions, victims)."""
    senders = {tx.sender for tx in transactions}
    found = set()
    swaps = []
    several = [tx for tx in transactions if len(tx.moves) > 1]
    for tx in several:
        sides = legs(tx)
        who = trader(tx)
        pools = [
            (address, *gave.items(), *got.items())
            for address, (gave, got) in sides.items()
            if one_for_one((gave, got)) and address != who and address not in senders
        ]
        swaps += [(tx, who or tx.sender, *pool) for pool in pools]
        paid_in, paid_out = {pool[2][0] for pool in pools}, {pool[1][0] for pool in pools}
        if len(pools) > 1 and paid_in == paid_out:
            for winner in (tx.sender, tx.called):
                gave, got = sides.get(winner, ({}, {}))
                if not gave and len(got) == 1 and set(got) <= paid_in:
                    found.add(("arbitrage", winner, (tx.name,), ()))
                    break
        if tx.method in liquidations and sides.get(tx.sender, ({}, {}))[1]:
            found.add(("liquidation", tx.sender, (tx.name,), ()))
    for front in swaps:
        tx, who, pool, (bought, amount), (paid, _) = front
        same = [swap for swap in swaps if swap[0].block == tx.block and swap[2] == pool]
        later = sorted(
            (swap for swap in same if swap[1] == who and swap[0].place > tx.place), key=lambda swap: swap[0].place
        )
        if not later:
            continue
        back, _, _, (given, _), (returned, amount_back) = later[0]
        if returned != bought or given != paid or abs(amount_back - amount) > tolerance * amount + 1e-12:
            continue
        victims = sorted(
            (
                swap[0]
                for swap in same
                if swap[1] != who
                and tx.place < swap[0].place < back.place
                and swap[3][0] == bought
                and swap[4][0] == paid
            ),
            key=lambda victim: victim.place,
        )
        if victims:
            found.add(("sandwich", who, (tx.name, back.name), tuple(victim.name for victim in victims)))
    return found
