"""Measured rates of real traffic, by which a generated world is made. docs/world.md has the tables they come from.

Sources: ETH is 17,958 ether transfers of nine hours of 2017-03-06 (github.com/Raphtory/Data, commit e377ea5); BRIDGE is
11,011 token transfers of the Polygon and EvoDeFi bridges of 2021-05-31 to 06-03 (github.com/skhiearth/
BSC-Polygon-ERC20-Transfers-Data, commit e5cddd9). What neither of them can tell is an assumption, and says so.
"""

from __future__ import annotations

LAG_MEDIAN_SECONDS, LAG_LOG_SIGMA = 278.0, 1.22
"""From a receipt to the receiver's next payment: log-normal. ETH: tenths at 78, 278 and 1,764 s."""
LONGEST_LAG_SECONDS = 86_400.0
"""Nobody forwards more than a day later as part of one chain; later payments are of their own."""

TAIL_EXPONENT = 1.1
"""Of large amounts, BRIDGE: Hill's estimate over the top twentieth is 0.93 to 1.57 per token, 1.1 in the middle."""
TAIL_SHARE = 0.1
"""Amounts that are a Pareto multiple: 99.9 % lie under 1,000 medians then; in ETH and BRIDGE under 683 to 9,826."""
DUST_SHARE, DUST_LOG10 = 0.05, (2.0, 5.0)
"""Amounts under a hundredth of the median, and by how many powers of ten. ETH: 5.3 %, BRIDGE: 0.6 % to 10 %."""
DEGREE_EXPONENT = 0.8
"""Activity falls with its rank to this power. ETH: Hill's estimate of counterparties is 1.27 paid and 0.77 paying."""
ADDRESSES_PER_TRANSFER = 0.35
"""People per transfer; with deposit addresses and staff it comes to 0.6, as in ETH and BRIDGE."""

RAPID_PER_1000 = 10.6
"""Chains of three hops and more within the hour per 1,000 transfers, ETH."""
LONGER_SHARE, LONGER_CIRCLES = 0.6, 0.48
"""Share of chains, passes, gatherings that have one more, and of circles. ETH: chains of 5.1 hops, layered paths of
7.1, gatherings of 5.4 on each side, 5.4 passes, circles of 2.9."""
PASSED_ON_PER_1000 = 60.0
"""Withdrawals that are paid on within the hour, which is no finding. ETH: 40 % of the receipts of addresses that are no
service are paid on so within the hour, half of them at least; with chains and deposits 30 % here."""
LAYERED_PER_1000 = 3.2
"""Paths of six hops and more at nearly the same sum, ETH."""
CIRCLES_PER_1000 = 0.8
"""Circles of two to six hops, those of a day that share a transfer counted once, ETH."""
FAN_OUTS_PER_1000, FAN_INS_PER_1000 = 3.0, 6.9
"""Five counterparties and more within a day, ETH."""
FAN_LONGER_SHARE = 0.8
"""Share of fans that have one more counterparty: nine on average. ETH: 25 and 40, with its exchanges and pools,
which are drawn on their own here."""
FANS_OF_STRANGERS, FAN_DAYS_A_WEEK = 0.12, 2.5
"""Fans of addresses that made no such payments before. ETH: of those with a fan in the second half of the nine hours,
12 % of the payers and 58 % of the paid had none such in the first. The less of both, because who was still for four
hours may be known for thirty days. How many days a week a firm has a fan is an assumption."""
GATHERINGS_PER_1000, SCATTERS_PER_1000 = 4.2, 1.8
"""Gather-scatter and scatter-gather, ETH."""
PASSES_PER_1000 = 4.1
"""Addresses through which money passes three times and more, ETH."""

POISON_SHARE = 0.02
"""Poisoning: 17.4 million transfers in two years (Tsuchiya et al., 2025, arXiv 2501.16681), 24,000 a day beside about
a million token transfers. In thirds zero, tiny and counterfeit, an assumption: the paper names these three kinds."""
SPAM_SHARE = 0.01
"""Assumption: the files above are of 2017 and of bridges, and hold none. Of 190,000 contracts 2,117 imitate a known
token (Gao et al., Tracking Counterfeit Cryptocurrency End-to-end, 2020)."""
MARKET_MAKING_SHARE, DEX_SHARE, BOT_SHARE = 0.015, 0.04, 0.01
"""Assumptions: small, so that what is measured above stays the bulk."""
WASH_PER_1000, INVOICES_PER_1000, LONGER_INVOICES = 0.3, 0.3, 0.6
"""Assumptions: groups that trade among themselves; days of a firm with five and more bills just under ten thousand
dollars, and the share of those that have one more. ETH: 0.07 % of pairs pay each other."""
