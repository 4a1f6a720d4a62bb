"""Wallets: trades, MEV, features, smart money and what became of it.

What lives here: rows per wallet that need transactions, prices or findings, and storing what scoring returns. What
must not: formulas of scores and profit (scoring). Read more: docs/smart-money.md.
"""
