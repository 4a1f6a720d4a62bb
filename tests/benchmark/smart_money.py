"""Features of wallets over transactions of many wallets: all days at once, and one more day (`make bench-smart-money`).

The transactions are written into a build file as a load would leave them: a power law of wallets, four in five
transactions plain payments or calls, one in five a swap with one of 200 pools, prices for both tokens. Measured are
trades, MEV patterns, features and scores; each in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from flow_pipeline.settings import Settings, load_settings
from flow_pipeline.warehouse.store import Connection, open_build

POOLS = 200


def fill(connection: Connection, transactions: int, wallets: int, days: int) -> None:
    """A world of transactions, loaded but for its last day, which waits in the schema later."""
    connection.execute("SELECT setseed(0.5)")
    connection.execute("CREATE SCHEMA intermediate")
    connection.execute(
        "CREATE TABLE intermediate.int_address_labels__intervals AS SELECT NULL::VARCHAR AS chain, "
        "NULL::INTEGER AS address_id, NULL::VARCHAR AS category, "
        "NULL::TIMESTAMP AS valid_from, NULL::TIMESTAMP AS valid_to LIMIT 0"
    )
    connection.execute("""
        CREATE TABLE intermediate.int_tokens__canonical AS
        FROM (VALUES (0, 0, 'ethereum', NULL, 'ETH', 'eth', false), (1, 1, 'ethereum', '0xc0', 'USDC', 'usdc', false))
        t(token_id, token_key, chain, token_address, token_symbol, price_token, spoof_suspected)
    """)
    connection.execute(
        "CREATE VIEW intermediate.int_tokens__keys AS SELECT token_key, chain, token_address, token_symbol "
        "FROM intermediate.int_tokens__canonical"
    )
    connection.execute(
        "INSERT INTO store.prices SELECT token, DATE '2025-01-01' + d::INTEGER, usd "
        "FROM (VALUES ('eth', 2000), ('usdc', 1)) p(token, usd), range($days) r(d)",
        {"days": days},
    )
    connection.execute(
        "INSERT INTO store.addresses SELECT n, printf('0x%040x', n) FROM range($n) r(n)", {"n": wallets + POOLS}
    )
    connection.execute(
        """
        CREATE TEMP TABLE made AS
        SELECT n, (random() ** 3 * $wallets)::INTEGER % $wallets + $pools AS who,
               (random() ** 2 * $wallets)::INTEGER % $wallets + $pools AS whom,
               n % 5 = 0 AS is_swap, random() < 0.5 AS is_buy, (random() ** 2 * $pools)::INTEGER % $pools AS pool,
               exp(random() * 6) AS usd, 1.5e9 * exp(random() * 3) AS gas,
               TIMESTAMP '2025-01-01' + to_milliseconds((n::DOUBLE / $n * $days * 86400000)::BIGINT) AS made_at
        FROM range($n) r(n)
    """,
        {"n": transactions, "wallets": wallets, "pools": POOLS, "days": days},
    )
    for table in ("raw.transactions", "store.transfers"):
        connection.execute(
            f"CREATE SCHEMA IF NOT EXISTS later; CREATE TABLE later.{table.split('.')[1]} AS FROM {table} LIMIT 0"
        )
        for where, which in ((table, "<"), (f"later.{table.split('.')[1]}", "=")):
            connection.execute(f"INSERT INTO {where} BY NAME {_WRITTEN[table].format(which=which)}", {"last": days - 1})


_WRITTEN = {
    "raw.transactions": """
        SELECT 'ethereum' AS chain, epoch(made_at)::BIGINT // 12 AS block_number, made_at AS block_timestamp,
               n % 200 AS transaction_index, printf('0x%064x', n) AS tx_hash,
               printf('0x%040x', who) AS from_address,
               printf('0x%040x', CASE WHEN is_swap THEN pool ELSE whom END) AS to_address,
               gas::BIGINT AS gas_price, 60000 AS gas_used,
               n % 50 <> 7 AS is_success, CASE WHEN n % 5 < 2 THEN '0x38ed1739' END AS method_id
        FROM made WHERE made_at::DATE - DATE '2025-01-01' {which} $last ORDER BY n
    """,
    "store.transfers": """
        SELECT made_at AS block_timestamp, made_at::DATE AS block_date, epoch(made_at)::BIGINT // 12 AS block_number,
               printf('0x%064x', n) AS tx_hash, 0 AS transfer_index, is_swap AND NOT is_buy AS token_id,
               who AS from_id, CASE WHEN is_swap THEN pool ELSE whom END AS to_id,
               CASE WHEN is_swap AND NOT is_buy THEN usd ELSE usd / 2000 END AS amount, true AS is_edge
        FROM made WHERE n % 50 <> 7 AND block_date - DATE '2025-01-01' {which} $last
        UNION ALL BY NAME
        SELECT made_at AS block_timestamp, made_at::DATE AS block_date, epoch(made_at)::BIGINT // 12 AS block_number,
               printf('0x%064x', n) AS tx_hash, 1 AS transfer_index, is_buy AS token_id, pool AS from_id,
               who AS to_id, CASE WHEN is_buy THEN usd ELSE usd / 2000 END * (0.97 + random() * 0.06) AS amount,
               true AS is_edge
        FROM made WHERE is_swap AND n % 50 <> 7 AND block_date - DATE '2025-01-01' {which} $last ORDER BY 1
    """,
}


def run_part(settings: Settings) -> dict[str, float]:
    """Seconds of each step over the days that are dirty."""
    from flow_pipeline.wallets.features import run_wallet_features
    from flow_pipeline.wallets.trades import run_trades

    took = {}
    with open_build(settings) as connection:
        for step in (run_trades, run_wallet_features):
            started = time.perf_counter()
            counts = step(connection, settings.smart_money)
            took[step.__name__] = round(time.perf_counter() - started, 2)
            print(counts, file=sys.stderr)
        started = time.perf_counter()
    took["close"] = round(time.perf_counter() - started, 2)
    return took


def in_its_own_process(data: Path, load: str) -> tuple[dict[str, float], float]:
    """(seconds by step, peak GB) of the days that a statement makes dirty."""
    code = (
        "import json, sys\nfrom pathlib import Path\n"
        "from tests.benchmark.smart_money import run_part, load_settings, open_build\n"
        f"settings = load_settings(Path({str(data)!r}))\n"
        f"with open_build(settings) as c:\n    c.execute('DELETE FROM store.dirty_days')\n    c.execute({load!r})\n"
        "took = run_part(settings)\n"
        "print(json.dumps([took, int(next(line.split()[1] for line in open('/proc/self/status') "
        "if line.startswith('VmHWM'))) / 1e6]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    print(done.stderr, end="")
    took, peak = json.loads(done.stdout.splitlines()[-1])
    return took, peak


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--transactions", type=int, default=10_000_000)
    parser.add_argument("--wallets", type=int, default=500_000)
    parser.add_argument("--days", type=int, default=90)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="netraflow-bench-") as name:
        data = Path(name)
        with open_build(load_settings(data)) as connection:
            fill(connection, given.transactions, given.wallets, given.days)
        every = "INSERT INTO store.dirty_days SELECT DISTINCT block_date FROM store.transfers"
        last = (
            "INSERT INTO raw.transactions FROM later.transactions; INSERT INTO store.transfers FROM later.transfers; "
            "INSERT INTO store.dirty_days SELECT max(block_date) FROM store.transfers"
        )
        whole, peak = in_its_own_process(data, every)
        print(
            f"{given.transactions:,} transactions of {given.wallets:,} wallets over {given.days} days, "
            f"all but the last: {sum(whole.values()):.1f} s {whole}, peak {peak:.1f} GB"
        )
        day, peak = in_its_own_process(data, last)
        print(
            f"the last day: {sum(day.values()):.1f} s = {sum(day.values()) / sum(whole.values()):.1%} {day}, "
            f"peak {peak:.1f} GB"
        )


if __name__ == "__main__":
    main()
