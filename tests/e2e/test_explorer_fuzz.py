"""Every route of the read API asked with what nobody would ask: refusals are problems, none is the server's fault."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from flow_pipeline.explorer.store import people
from flow_pipeline.explorer.store.opening import Store
from flow_pipeline.settings import load_settings
from tests.explorer import hostile_world, serving
from tests.worlds import environment

CHECKS = "not_a_server_error,content_type_conformance,response_schema_conformance,status_code_conformance"


def test_no_question_makes_the_api_fail(tmp_path: Path) -> None:
    settings = hostile_world(load_settings(tmp_path / "data"), tmp_path).with_changes(
        explorer={"requests_per_minute": 1_000_000}
    )
    store = Store(settings)
    people.add(store, "rosa", "investigator", "a sentence that is long enough")
    token = people.make_token(store, "rosa", "fuzz")
    store.close()
    with serving(settings) as address:
        done = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"), "run", f"{address}/api/v1/openapi.json",
                "-H", f"Authorization: Bearer {token}", "--checks", CHECKS, "--phases", "fuzzing",
                "--max-examples", "5", "--seed", "7", "--suppress-health-check", "all", "--no-color",
            ],
            cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=600,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6_000:]
    assert "Tested: " in done.stdout
