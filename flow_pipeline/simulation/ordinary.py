"""Amounts of ordinary traffic: how they are drawn, and how rare a size is in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flow_pipeline.simulation.rates import DUST_LOG10, DUST_SHARE, TAIL_EXPONENT, TAIL_SHARE

TOKENS: tuple[tuple[str, str | None, float, float, float], ...] = (
    ("ETH", None, 0.35, 0.3, 1.5),
    ("USDT", "0xdac17f958d2ee523a2206206994597c13d831ec7", 0.35, 6.5, 2.4),
    ("USDC", "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48", 0.2, 6.7, 2.4),
    ("LPT", "0x58b6a8a3302369daec383334672404ee733ab239", 0.1, 4.0, 2.2),
)
"""symbol, contract, share of transfers, mean and sigma of the log amount: ETH 1.49, tokens on bridges 1.1 to 3.0"""
SPOOF, SPAM = len(TOKENS), len(TOKENS) + 1
ALL_TOKENS: tuple[tuple[str, str | None], ...] = (
    *((symbol, contract) for symbol, contract, *_ in TOKENS),
    ("USDT", "0x5b00f0000000000000000000000000000000fa4e"),
    ("CLAIM-GIFT", "0x5b00f0000000000000000000000000000000a1d0"),
)
"""Those, one that calls itself USDT and is another contract, and one that nobody asked for."""
LEAST_UNIT = 1e-6
"""Amounts have six digits."""
_KNOWN_SHARE = 0.01
"""Above the largest hundredth the law of the tail tells how rare an amount is, below it the transfers themselves do."""


def amounts(rng: np.random.Generator, token: np.ndarray, with_dust: bool = True) -> np.ndarray:
    """Amounts of ordinary transfers: a log-normal body, a Pareto tail, dust."""
    mean, sigma = (np.array([item[i] for item in TOKENS])[token] for i in (3, 4))
    drawn = np.exp(rng.normal(mean, sigma))
    is_large = rng.random(len(token)) < TAIL_SHARE
    drawn = np.where(is_large, drawn * (1 - rng.random(len(token))) ** (-1 / TAIL_EXPONENT), drawn)
    if with_dust:
        is_dust = rng.random(len(token)) < DUST_SHARE
        drawn = np.where(is_dust, drawn * 10 ** -rng.uniform(*DUST_LOG10, len(token)), drawn)
    return np.asarray(np.maximum(drawn, LEAST_UNIT))


@dataclass(frozen=True)
class Ordinary:
    """What is ordinary in a world.

    Attributes:
        median: Median amount per token of TOKENS, its units.
        multiples: Amounts of all transfers of those tokens in medians of their token, ascending.
    """

    median: np.ndarray
    multiples: np.ndarray

    @classmethod
    def of(cls, token: np.ndarray, units: np.ndarray) -> Ordinary:
        """Of transfers."""
        medians = np.array([np.median(units[(token == number) & (units > 0)]) for number in range(len(TOKENS))])
        is_known = (token < len(TOKENS)) & (units > 0)
        return cls(medians, np.sort(units[is_known] / medians[token[is_known]]))

    @property
    def _bound(self) -> float:
        return float(np.quantile(self.multiples, 1 - _KNOWN_SHARE))

    def share_above(self, token: int, amount: float) -> float:
        """The share of ordinary transfers that are at least this large."""
        multiple = amount / float(self.median[token])
        if multiple > self._bound:
            return float(_KNOWN_SHARE * (multiple / self._bound) ** -TAIL_EXPONENT)
        return 1 - float(np.searchsorted(self.multiples, multiple)) / len(self.multiples)

    def amount(self, token: int, share_above: float) -> float:
        """The amount that this share of ordinary transfers reaches."""
        if share_above < _KNOWN_SHARE:
            multiple = self._bound * (_KNOWN_SHARE / share_above) ** (1 / TAIL_EXPONENT)
        else:
            multiple = float(np.quantile(self.multiples, 1 - share_above))
        return float(max(multiple * float(self.median[token]), 1e3 * LEAST_UNIT))
