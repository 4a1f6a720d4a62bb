"""Trades of wallets on the build file: transactions in which a wallet gives one token and gets another, what they were worth, and what they made."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from flow_pipeline.domain.chains import CHAINS
from flow_pipeline.scoring.profit import Positions, average_cost
from flow_pipeline.settings import SmartMoneySettings
from flow_pipeline.wallets.mev import find_mev
from flow_pipeline.warehouse.days import first_dirty_day
from flow_pipeline.warehouse.store import Connection, table_counts, transaction


def run_trades(connection: Connection, settings: SmartMoneySettings) -> dict[str, int]:
    """Bring marts.fct_wallet_trades and detection.mev_events up to date from the first dirty day on; their row counts.

    Positions go on from the last trade before that day, so that a new day costs a day.
    """
    first = first_dirty_day(connection)
    if first is not None:
        _parties(connection, first)
        _swaps(connection, settings)
        with transaction(connection):
            connection.execute("DELETE FROM marts.fct_wallet_trades WHERE block_date >= ?", [first])
            _keep(connection)
            find_mev(connection, settings, first)
        for table in ("parties", "sent", "swaps"):
            connection.execute(f"DROP TABLE temp.{table}")
    return {
        name.split(".")[1]: count
        for name, count in table_counts(connection, ("marts.fct_wallet_trades", "detection.mev_events")).items()
    }


def _parties(connection: Connection, first: date) -> None:
    """Temp tables from a day on, of transactions with several transfers: parties, what each address gave and got over all of them, and sent, the transactions."""
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE parties AS
        WITH several AS (
            SELECT hash(tx_hash) AS h FROM store.transfers WHERE block_date >= $first AND tx_hash IS NOT NULL GROUP BY h HAVING count(*) > 1
        ),
        moved AS (
            SELECT k.chain, k.token_key, f.tx_hash, f.block_number, f.block_timestamp, f.block_date, f.transfer_index, f.from_id, f.to_id, f.amount::DOUBLE AS amount,
                   coalesce(f.amount::DOUBLE * p.usd, f.amount_usd::DOUBLE) AS usd
            FROM (FROM store.transfers WHERE block_date >= $first AND is_edge AND hash(tx_hash) IN (FROM several)) f
            JOIN intermediate.int_tokens__canonical k USING (token_id)
            LEFT JOIN store.prices p ON p.price_date = f.block_date AND p.token = k.price_token
        ),
        legs AS (
            SELECT chain, tx_hash, id, token_key, min(block_number) AS block_number, min(block_timestamp) AS block_timestamp, min(block_date) AS block_date,
                   min(transfer_index) AS first_index, list_sum(list_sort(list(amount))) AS net, list_sum(list_sort(list(usd))) AS usd,
                   count(*) = count(usd) AS is_priced
            FROM (SELECT * EXCLUDE (from_id, to_id) REPLACE (-amount AS amount, -usd AS usd), from_id AS id FROM moved
                  UNION ALL BY NAME SELECT * EXCLUDE (from_id, to_id), to_id AS id FROM moved)
            GROUP BY chain, tx_hash, id, token_key HAVING abs(net) > 1e-12 * sum(abs(amount))
        )
        SELECT chain, tx_hash, id, min(block_number) AS block_number, min(block_timestamp) AS block_timestamp, min(block_date) AS block_date, min(first_index) AS first_index,
               count(*) FILTER (WHERE net < 0) AS gives, count(*) FILTER (WHERE net > 0) AS gets,
               any_value(token_key) FILTER (WHERE net < 0) AS gave_key, any_value(-net) FILTER (WHERE net < 0) AS gave_amount,
               any_value(-usd) FILTER (WHERE net < 0 AND is_priced) AS gave_usd,
               any_value(token_key) FILTER (WHERE net > 0) AS got_key, any_value(net) FILTER (WHERE net > 0) AS got_amount,
               any_value(usd) FILTER (WHERE net > 0 AND is_priced) AS got_usd
        FROM legs GROUP BY chain, tx_hash, id
    """,
        {"first": first},
    )
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE sent AS
        WITH fresh AS MATERIALIZED (
            FROM raw.transactions WHERE block_timestamp >= $first AND is_success IS DISTINCT FROM false AND tx_hash IN (SELECT tx_hash FROM parties)
        ),
        people AS MATERIALIZED (FROM store.addresses WHERE address IN (SELECT unnest([from_address, to_address]) FROM fresh))
        SELECT x.chain, x.tx_hash, x.block_number, x.transaction_index, x.method_id, s.address_id AS sender_id, r.address_id AS called_id,
               x.gas_price::DOUBLE * x.gas_used / 1e18 AS gas, gas * n.usd AS gas_usd
        FROM fresh x LEFT JOIN people s ON s.address = x.from_address LEFT JOIN people r ON r.address = x.to_address
        LEFT JOIN (SELECT unnest($chains) AS chain, unnest($coins) AS coin) v ON v.chain = x.chain
        LEFT JOIN store.prices n ON n.token = v.coin AND n.price_date = x.block_timestamp::DATE
    """,
        {
            "first": first,
            "chains": [chain.name for chain in CHAINS],
            "coins": [chain.native_symbol.lower() for chain in CHAINS],
        },
    )


def _swaps(connection: Connection, settings: SmartMoneySettings) -> None:
    """The temp table swaps: one row per trade among the parties, in time order, with the value of both legs."""
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE swaps AS
        WITH services AS (
            SELECT chain, address_id, min(since) AS since
            FROM (SELECT chain, address_id, DATE '1970-01-01' AS since FROM intermediate.int_address_labels__intervals
                  UNION ALL SELECT t.chain, h.address_id, h.since FROM store.hubs h JOIN intermediate.int_tokens__canonical t ON t.token_key = h.token_key WHERE h.since IS NOT NULL)
            GROUP BY ALL
        ),
        chosen AS (
            SELECT p.*, x.transaction_index, x.method_id, x.gas, x.gas_usd,
                   CASE WHEN x.tx_hash IS NULL THEN 'only_trader' WHEN p.id = x.sender_id THEN 'sender' ELSE 'called' END AS wallet_basis,
                   count(*) FILTER (WHERE x.tx_hash IS NULL) OVER (PARTITION BY p.chain, p.tx_hash) AS strangers
            FROM parties p LEFT JOIN sent x ON x.chain = p.chain AND x.tx_hash = p.tx_hash
            LEFT JOIN services s ON s.chain = p.chain AND s.address_id = p.id AND s.since <= p.block_date
            WHERE p.gives = 1 AND p.gets = 1
              AND CASE WHEN x.tx_hash IS NULL THEN s.address_id IS NULL
                       WHEN p.id = x.sender_id THEN true
                       ELSE p.id = x.called_id AND s.address_id IS NULL
                            AND NOT EXISTS (FROM parties o WHERE o.chain = p.chain AND o.tx_hash = p.tx_hash AND o.id = x.sender_id) END
        ),
        placed AS (SELECT chain, tx_hash, min(first_index) AS first_index FROM parties GROUP BY ALL)
        SELECT c.chain, c.tx_hash, c.id, c.gave_key, c.got_key, c.gave_amount, c.got_amount, c.gave_usd, c.got_usd, c.method_id, c.wallet_basis, c.transaction_index,
               c.block_number, c.block_timestamp, c.block_date,
               CASE WHEN c.gave_usd IS NULL THEN c.got_usd WHEN c.got_usd IS NULL THEN c.gave_usd
                    WHEN greatest(c.gave_usd, c.got_usd) <= $apart * least(c.gave_usd, c.got_usd) THEN (c.gave_usd + c.got_usd) / 2 END AS value_usd,
               CASE WHEN c.gave_usd IS NOT NULL AND c.got_usd IS NOT NULL THEN CASE WHEN greatest(c.gave_usd, c.got_usd) <= $apart * least(c.gave_usd, c.got_usd) THEN 'both' ELSE 'apart' END
                    WHEN c.gave_usd IS NOT NULL THEN 'gave' WHEN c.got_usd IS NOT NULL THEN 'got' ELSE 'none' END AS price_basis,
               c.gas AS gas_amount, c.gas_usd,
               row_number() OVER (ORDER BY c.block_timestamp, c.block_number, c.transaction_index, o.first_index, c.tx_hash, c.chain) - 1 AS n
        FROM chosen c JOIN placed o ON o.chain = c.chain AND o.tx_hash = c.tx_hash
        WHERE c.wallet_basis <> 'only_trader' OR c.strangers = 1
    """,
        {"apart": settings.price_ratio},
    )


def _keep(connection: Connection) -> None:
    """Profits of the swaps, walked in time order from the positions before the first of them, into marts.fct_wallet_trades."""
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE held AS
        SELECT id, token_key, row_number() OVER (ORDER BY id, token_key) - 1 AS place FROM (SELECT id, gave_key AS token_key FROM swaps UNION SELECT id, got_key FROM swaps)
    """)
    # The last trade of a wallet in a token says what it held of it then.
    known = connection.execute("""
        SELECT h.place, arg_max(t.amount, t.at) AS amount, arg_max(t.cost, t.at) AS cost, arg_max(t.since, t.at) AS since
        FROM (SELECT wallet, chain, coalesce(gave_token_address, gave_token_symbol) AS token, gave_position_amount AS amount, gave_position_usd AS cost,
                     epoch_us(gave_position_since) AS since, (block_timestamp, trade_number) AS at
              FROM marts.fct_wallet_trades
              UNION ALL
              SELECT wallet, chain, coalesce(got_token_address, got_token_symbol), got_position_amount, got_position_usd, epoch_us(got_position_since), (block_timestamp, trade_number)
              FROM marts.fct_wallet_trades) t
        JOIN (SELECT h.place, a.address, k.chain, coalesce(k.token_address, k.token_symbol) AS token FROM held h JOIN store.addresses a ON a.address_id = h.id
              JOIN intermediate.int_tokens__keys k USING (token_key)) h
            ON h.address = t.wallet AND h.chain = t.chain AND h.token = t.token
        GROUP BY h.place
    """).fetchnumpy()
    places = int((connection.execute("SELECT count(*) FROM held").fetchone() or (0,))[0])
    start = Positions.nothing(places)
    start.amount[known["place"]], start.cost[known["place"]], start.since[known["place"]] = (
        known["amount"],
        known["cost"],
        known["since"],
    )
    rows: dict[str, Any] = connection.execute("""
        SELECT s.n, g.place AS gave, t.place AS got, s.gave_amount, s.got_amount, coalesce(s.value_usd, 'nan'::DOUBLE) AS value, coalesce(s.gas_usd, 0) AS gas, epoch_us(s.block_timestamp) AS at
        FROM swaps s JOIN held g ON g.id = s.id AND g.token_key = s.gave_key JOIN held t ON t.id = s.id AND t.token_key = s.got_key ORDER BY s.n
    """).fetchnumpy()
    columns = {name: np.ma.filled(rows[name]) if np.ma.isMaskedArray(rows[name]) else rows[name] for name in rows}
    del columns["n"]
    found = average_cost(**columns, start=start)
    profits = pa.table(
        {"n": rows["n"], **{name: pa.array(values, from_pandas=True) for name, values in vars(found).items()}}
    )
    connection.register("profits", profits)
    last = connection.execute("SELECT coalesce(max(trade_number), 0) FROM marts.fct_wallet_trades").fetchone()
    connection.execute(
        """
        INSERT INTO marts.fct_wallet_trades BY NAME
        SELECT $last + s.n + 1 AS trade_number, s.block_date, s.block_timestamp, s.block_number, s.transaction_index, s.chain, s.tx_hash, a.address AS wallet, s.wallet_basis, s.method_id,
               g.token_symbol AS gave_token_symbol, g.token_address AS gave_token_address, s.gave_amount, t.token_symbol AS got_token_symbol, t.token_address AS got_token_address,
               s.got_amount, s.value_usd, s.price_basis, s.gas_amount, s.gas_usd, p.covered_share, p.cost AS cost_usd, p.realised AS realised_usd,
               CASE WHEN p.covered_share > 0 THEN p.held / 1e6 END AS held_seconds,
               p.gave_amount AS gave_position_amount, p.gave_cost AS gave_position_usd, make_timestamp(p.gave_since) AS gave_position_since,
               p.got_amount AS got_position_amount, p.got_cost AS got_position_usd, make_timestamp(p.got_since) AS got_position_since
        FROM swaps s JOIN profits p USING (n) JOIN store.addresses a ON a.address_id = s.id
        JOIN intermediate.int_tokens__keys g ON g.token_key = s.gave_key
        JOIN intermediate.int_tokens__keys t ON t.token_key = s.got_key
        ORDER BY s.n
    """,
        {"last": last[0] if last else 0},
    )
    connection.unregister("profits")
    connection.execute("DROP TABLE temp.held")
