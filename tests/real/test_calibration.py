"""What E promises, held to ordinary traffic: as many findings lie under a budget as it says, and not many more.

Nine hours of ordinary ether transfers are cut by time into thirds and eighths of as many transfers each. In each piece
the findings of a typology that ended in it are a pool, and each of them is judged against the others as a verdict does.
Were E exact, the mean over pools of the number of findings expected less than e times in the pool would be e. A piece
of N transfers promises e * N / 10,000 findings with E under e; x = E * N / 10,000 is what is compared here, so that
pieces of all lengths count alike.
"""

from __future__ import annotations

import numpy as np
import pytest

from flow_pipeline.detection.findings import run_typologies
from flow_pipeline.domain.windows import Window
from flow_pipeline.loading.ingest import LoadOptions
from flow_pipeline.pipeline import load, transform
from flow_pipeline.scoring.rarity import rarity
from flow_pipeline.settings import load_settings
from flow_pipeline.warehouse.store import open_build
from tests.conftest import REAL

pytestmark = pytest.mark.real

LARGEST_RATIO = 1.5
"""Of findings under a budget over what the budget says: tails are estimated from ten findings, and pools are few."""
Findings = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> tuple[np.ndarray, Findings]:
    """Times of the transfers, and typology, time, strength and focus of the findings."""
    if not REAL.is_dir():
        pytest.skip(f"no real data at {REAL}")
    folder = tmp_path_factory.mktemp("ordinary")
    (folder / "in").mkdir()
    name = "transactions_03300000_03399999_small.csv.gz"
    (folder / "in" / name).symlink_to(REAL / "eth_raphtory" / name)
    settings = load_settings(folder / "data")
    load(settings, folder / "in", Window(), LoadOptions())
    transform(settings, Window())
    with open_build(settings) as connection:
        run_typologies(connection, settings)
        times = connection.execute(
            "select epoch_us(block_timestamp) as time from store.transfers where is_edge order by 1"
        ).fetchnumpy()
        found = connection.execute(
            "select typology, epoch_us(last_timestamp) as time, strength, centre_address as focus "
            "from detection.findings where instance_of is null"
        ).fetchnumpy()
    return np.asarray(times["time"]), {name: np.asarray(column) for name, column in found.items()}


def expected_in_pools(times: np.ndarray, found: Findings, pieces: int) -> list[np.ndarray]:
    """Per piece and typology how often each finding, or one as strong, is expected in it."""
    edges = np.append(times[(np.arange(pieces) * len(times)) // pieces], times[-1] + 1)
    pools = []
    for name in np.unique(found["typology"].astype(str)):
        for first, last in zip(edges[:-1], edges[1:], strict=True):
            mine = (found["typology"] == name) & (found["time"] >= first) & (found["time"] < last)
            focus = np.unique(found["focus"][mine].astype(str), return_inverse=True)[1].astype(np.int64)
            count = int(mine.sum())
            pools.append(
                rarity(found["strength"][mine].astype(np.float64), focus, np.arange(count), 1.0).expected
                if count
                else np.empty(0)
            )
    return pools


def test_no_more_findings_lie_under_a_budget_than_it_says(ordinary: tuple[np.ndarray, Findings]) -> None:
    for pieces in (3, 8):
        pools = expected_in_pools(*ordinary, pieces)
        assert len(pools) == 9 * pieces, "nine typologies occur in these hours"
        assert sum(map(len, pools)) > 500
        under = {budget: float(np.mean([(pool < budget).sum() for pool in pools])) for budget in (0.1, 0.3, 1.0)}
        assert all(mean <= LARGEST_RATIO * budget for budget, mean in under.items()), (pieces, under)
