"""Following a real node of Bitcoin's family through blocks that fall."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb

from tests.conftest import ROOT
from tests.litecoin import PASSWORD, USER, LitecoinNode, needs_litecoind
from tests.worlds import environment

pytestmark = needs_litecoind


def watched(data: Path, coin: LitecoinNode) -> list[tuple[object, ...]]:
    """What stands after everything that the node has was read."""
    words = ["watch", "bitcoin", "--chain", "litecoin", "--rpc", coin.url, "--from-block", "100"]
    done = subprocess.run(
        [sys.executable, "-m", "flow_pipeline", "--data-dir", str(data), *words, "--until-block",
         str(coin("getblockcount"))],
        cwd=ROOT, env=environment(NETRAFLOW_RPC_USER=USER, NETRAFLOW_RPC_PASSWORD=PASSWORD), capture_output=True,
        text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with duckdb.connect(str(data / "live" / "tip.duckdb"), read_only=True) as connection:
        return connection.execute("""
            select block_number, block_hash, tx_hash, from_address, to_address, amount::varchar from live.transfers
            where block_number >= 108 order by all
        """).fetchall()


def test_blocks_that_fall_are_taken_back(tmp_path: Path) -> None:
    with LitecoinNode(tmp_path / "node") as coin:
        coin.mine(110)
        receiver = coin("getnewaddress", "", "bech32")
        paid = coin.pay(receiver, 1.25)
        first = coin.mine(1)[0]
        before = watched(tmp_path / "data", coin)
        assert [row[5] for row in before if row[2] == paid and row[4] == receiver] == ["1.250000000000000000"]
        coin("invalidateblock", first)
        coin.mine(2)
        after = watched(tmp_path / "data", coin)
        assert first not in {row[1] for row in after}
        assert len({row[1] for row in after if row[2] == paid}) == 1, "the payment is in the other branch's block"
        assert after == watched(tmp_path / "clean", coin)
