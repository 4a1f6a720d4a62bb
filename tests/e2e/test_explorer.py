"""The explorer over HTTP: a real server on a small world whose names are attacks."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import httpx
import pyarrow as pa
import pytest
from fastapi.routing import APIRoute

from flow_pipeline.alerts.ledger import listed
from flow_pipeline.domain.plugs import files_of
from flow_pipeline.explorer.app import create_app
from flow_pipeline.explorer.store import people
from flow_pipeline.explorer.store.opening import Store
from flow_pipeline.settings import Settings, load_settings
from tests.explorer import (
    EXCHANGE,
    FORMULA,
    HOSTILE,
    RECEIVER,
    RING,
    SANCTIONED,
    hostile_world,
    publish_again,
    serving,
    visiting,
)

API = "/api/v1"
PASSWORD = "a sentence that is long enough"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("explorer")
    return hostile_world(load_settings(folder / "data"), folder)


@pytest.fixture(scope="module")
def address(world: Settings) -> Iterator[str]:
    with serving(world) as found:
        yield found


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    with visiting(address) as found:
        yield found


def test_lists_come_page_by_page_in_every_form(client: httpx.Client) -> None:
    whole = client.get(f"{API}/addresses/ethereum/{RECEIVER}/transfers", params={"limit": 1000}).json()
    found, cursor = [], None
    while True:
        page = client.get(
            f"{API}/addresses/ethereum/{RECEIVER}/transfers",
            params={"limit": 7, **({"cursor": cursor} if cursor else {})},
        ).json()
        assert page["run"] == whole["run"]
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        assert len(page["items"]) == 7
    assert found == whole["items"]
    assert len(found) == 42
    assert found[0]["amount"] == "40.000000000000000000"

    as_csv = client.get(f"{API}/flows/groups", headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(as_csv.text)))
    items = client.get(f"{API}/flows/groups").json()["items"]
    assert [row["group_id"] for row in rows] == [
        f"'{item['group_id']}" if item["group_id"].startswith("=") else item["group_id"] for item in items
    ]
    arrow = client.get(f"{API}/netflow", headers={"Accept": "application/vnd.apache.arrow.stream"})
    table = pa.ipc.open_stream(arrow.content).read_all()
    assert pa.types.is_decimal(table.schema.field("netflow").type)
    assert [str(day) for day in table["block_date"].to_pylist()] == [
        item["block_date"] for item in client.get(f"{API}/netflow").json()["items"]
    ]


def test_the_next_page_is_where_links_lead(client: httpx.Client) -> None:
    entities = client.get(f"{API}/entities").json()["items"]
    name = quote(next(one["entity"] for one in entities if one["category"] == "exchange"), safe="")
    first = client.get(f"{API}/entities/ethereum/{name}/days?limit=1")
    further = first.links["next"]["url"]
    assert further.startswith(f"{API}/entities/ethereum/{name}/days?limit=1&cursor=")
    second = client.get(further)
    assert second.json()["items"] != first.json()["items"]
    page = client.get(f"/addresses/ethereum/{RECEIVER}/transfers?limit=5")
    link = re.findall(r'<a class="button quiet" href="([^"]+)">Next page', page.text)[0].replace("&amp;", "&")
    assert client.get(link).status_code == 200
    assert client.get(f"{API}/entities/ethereum/a%0Ab%0D/days").status_code == 404


def test_a_cell_is_no_formula_of_a_spreadsheet(client: httpx.Client) -> None:
    text = client.get(f"{API}/addresses/ethereum/{RING[0]}/transfers", headers={"Accept": "text/csv"}).text
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert f"'{FORMULA}" in cells
    assert not [cell for cell in cells if cell.startswith("=")]


def test_a_cursor_goes_on_in_its_own_list_alone(client: httpx.Client) -> None:
    further = client.get(f"{API}/findings?every=true&limit=1").json()["next_cursor"]
    assert client.get(f"{API}/findings?every=true&limit=2&cursor={further}").status_code == 200
    for path in ("/findings?", "/findings?every=true&typology=circular&", "/entities?", "/netflow?"):
        refused = client.get(f"{API}{path}cursor={further}")
        assert (refused.status_code, refused.json()["detail"]) == (400, "the cursor is of another list")


def test_a_browser_asks_for_csv_by_the_address(client: httpx.Client) -> None:
    found = client.get(f"{API}/netflow?format=csv", headers={"Accept": "text/html"})
    assert found.headers["content-type"].startswith("text/csv")
    assert found.text.startswith("block_date,")


def test_a_case_that_can_not_be_opened_is_none(client: httpx.Client) -> None:
    before = client.get(f"{API}/cases?status=all").json()["items"]
    for body in (
        {"title": "half", "addresses": [f"ethereum:{'0x' + '9' * 40}"]},
        {"title": "half", "findings": ["none"]},
        {"title": "half", "entities": ["Nobody"]},
    ):
        assert client.post(f"{API}/cases", json=body).status_code == 404
    token = client.headers["x-csrf-token"]
    assert client.post("/cases", data={"title": "x" * 301, "csrf": token}).status_code == 400
    assert client.get(f"{API}/cases?status=all").json()["items"] == before


def test_who_acknowledges_what_was_snoozed_is_seen(client: httpx.Client) -> None:
    alert = first_alert(client)
    client.post(f"{API}/alerts/{alert}/snooze", json={"reason": "later", "until": "2099-01-01"})
    assert client.get(f"{API}/alerts/{alert}").json()["status"] == "snoozed"
    client.post(f"{API}/alerts/{alert}/acknowledge", json={"reason": "now"})
    assert client.get(f"{API}/alerts/{alert}").json()["status"] == "acknowledged"
    blank = client.post(f"{API}/alerts/{alert}/acknowledge", json={"reason": "  "})
    assert (blank.status_code, blank.json()["detail"]) == (400, "there is no reason")


def test_behind_a_proxy_cookies_are_secure_and_callers_are_told_apart(world: Settings) -> None:
    few = world.with_changes(explorer={"requests_per_minute": 5})
    with serving(few) as address, httpx.Client(base_url=address) as client:
        page = client.get("/about", headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"})
        assert "; secure" in page.headers["set-cookie"].lower()
        for n in range(8):
            assert client.get("/static/icon.svg", headers={"X-Forwarded-For": f"198.51.100.9, 192.0.2.{n}"}).is_success
        same = [client.get("/static/icon.svg", headers={"X-Forwarded-For": "192.0.2.77"}).status_code for _ in range(7)]
        assert same == [200] * 5 + [429] * 2


def test_a_known_answer_is_not_sent_again(client: httpx.Client) -> None:
    first = client.get(f"{API}/findings?every=true")
    again = client.get(f"{API}/findings?every=true", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    missing = client.get(f"{API}/findings/nope", headers={"If-None-Match": first.headers["etag"]})
    assert missing.status_code == 404
    other = client.get(
        f"{API}/findings?every=true", headers={"If-None-Match": first.headers["etag"], "Accept": "text/csv"}
    )
    assert other.status_code == 200
    assert client.get(f"{API}/findings?every=true", headers={"Accept": "image/png"}).status_code == 406


def cursor(*parts: object) -> str:
    """A cursor as nobody was given it."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/findings/nothing", 404),
        (f"/addresses/ethereum/{'0x' + '9' * 40}", 404),
        (f"/addresses/solana/{RECEIVER}", 404),
        ("/entities/ethereum/Nobody", 404),
        ("/transactions/ethereum/0xabc", 404),
        ("/findings?typology=none", 400),
        ("/findings?limit=1001", 400),
        ("/findings?limit=0", 422),
        ("/findings?cursor=!!!", 400),
        ("/findings?cursor=" + base64.urlsafe_b64encode(b"[" * 30_000).decode(), 400),
        (f"/findings?cursor={cursor('', 'mark', 1)}", 400),
        (f"/findings?cursor={cursor('x/../../warehouse-20250101T000000-abcdef', 'mark', 1)}", 410),
        ("/findings?first=2025-05-02&last=2025-05-01", 400),
        ("/findings?format=xml", 406),
        ("/findings?cursor=WyJ4Il0", 400),
        (f"/findings?cursor={cursor('20250101T000000-abcdef', 'mark', 1)}", 410),
        (f"/findings?cursor={cursor('../../etc/passwd', 'mark', 1)}", 410),
        (f"/addresses/ethereum/{RECEIVER}/transfers?cursor=WyIiLDFd", 400),
        ("/search?q=ab", 422),
        ("/nothing", 404),
        ("/alerts/ffffffffffff", 404),
        ("/cases/77", 404),
    ],
)
def test_refusals_are_problems_with_a_way_out(client: httpx.Client, path: str, status: int) -> None:
    found = client.get(API + path)
    assert found.status_code == status
    assert found.headers["content-type"] == "application/problem+json"
    told = found.json()
    assert (told["status"], told["type"]) == (status, "about:blank")
    assert told["detail"]
    assert told.get("way_out") or path == "/nothing"


PAGES = (
    "/",
    "/alerts?status=all",
    "/findings?every=true",
    "/netflow",
    "/entities",
    "/cases",
    "/about",
    "/search?q=lazarus",
    f"/search?q={SANCTIONED[:6]}",
    f"/addresses/ethereum/{RECEIVER}",
    f"/addresses/ethereum/{EXCHANGE}",
    f"/addresses/ethereum/{SANCTIONED}/counterparties",
    f"/addresses/ethereum/{RECEIVER}/transfers",
    f"/addresses/ethereum/{RECEIVER}/history",
    f"/transactions/ethereum/0x{1:064x}",
    f"/graph/ethereum/{RECEIVER}",
)


def every_page(client: httpx.Client) -> list[str]:
    """Paths of pages of every kind, those that only the API knows included."""
    found = client.get(f"{API}/findings?every=true").json()["items"]
    alerts = client.get(f"{API}/alerts?status=all").json()["items"]
    entities = client.get(f"{API}/entities").json()["items"]
    exchange = next(one for one in entities if one["category"] == "exchange")
    name = httpx.URL("http://x/").copy_with(path="/" + exchange["entity"].replace("/", "%2F")).raw_path.decode()
    quoted = name.replace("%252F", "%2F")
    return [
        *PAGES,
        f"/findings/{found[0]['finding_id']}?prove=true",
        f"/graph/finding/{found[0]['finding_id']}",
        *(f"/alerts/{alert['alert_id']}" for alert in alerts),
        f"/entities/ethereum{quoted}",
        f"/netflow/ethereum{quoted}",
        f"/charts/netflow/ethereum{quoted}?token=ETH",
        f"/charts/change/ethereum/{RECEIVER}",
    ]


def test_no_page_takes_a_name_for_code(client: httpx.Client) -> None:
    opened = client.post(
        f"{API}/cases",
        json={"title": HOSTILE, "addresses": [f"ethereum:{RECEIVER}"], "alerts": [first_alert(client)]},
    ).json()
    client.post(f"{API}/cases/{opened['id']}/notes", json={"body": HOSTILE})
    seen = 0
    for path in [*every_page(client), f"/cases/{opened['id']}", "/cases?status=all"]:
        page = client.get(path)
        assert page.status_code == 200, path
        if "text/html" not in page.headers["content-type"]:
            assert page.headers["content-type"] == "application/json"
            continue
        seen += "alert(&#39;x&#39;)" in page.text or "alert(1)" in page.text
        assert "<script>alert" not in page.text, path
        assert "<img src=x" not in page.text, path
        assert "49" not in page.text.partition("{{7*7}}")[0][-3:], path
        assert "'unsafe" not in page.headers["content-security-policy"]
    assert seen > 8


def first_alert(client: httpx.Client) -> str:
    found: str = client.get(f"{API}/alerts?status=all").json()["items"][0]["alert_id"]
    return found


def test_values_are_bound_never_pasted(client: httpx.Client) -> None:
    for text in ("' or 1=1 --", "x'); drop table store.transfers; --", '";select 1', "$token", "%", "_" * 5, "\x00"):
        for path in ("/findings?token=", "/netflow?exchange=", "/search?q=abc", "/flows/groups/", "/questions/"):
            found = client.get(API + path + quote(text, safe=""))
            assert found.status_code in (200, 400, 404, 422), (path, text)
            if found.status_code == 200:
                assert found.json()["items"] == []
    assert client.get(f"{API}/findings?every=true").json()["items"]


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2f..%2fsettings.py", "//etc/passwd"]
)
def test_no_path_leads_out_of_the_room(client: httpx.Client, path: str) -> None:
    found = client.get(httpx.URL(str(client.base_url)).copy_with(raw_path=path.encode()))
    assert found.status_code in (404, 405)


def test_other_hosts_and_pages_of_others_are_refused(client: httpx.Client, address: str) -> None:
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 421
    assert client.get("/", headers={"Host": "127.0.0.1.evil.example:80"}).status_code == 421
    assert client.get("/", headers={"Host": "localhost"}).status_code == 200
    alert = first_alert(client)
    before = client.get(f"{API}/alerts/{alert}").json()["actions"]
    body = {"reason": "seen"}
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        assert client.post(f"{API}/alerts/{alert}/acknowledge", json=body, headers=headers).status_code == 403
    del client.headers["x-csrf-token"]
    assert client.post(f"{API}/alerts/{alert}/acknowledge", json=body).status_code == 403
    wrong = {"x-csrf-token": "0" * 64}
    assert client.post(f"{API}/alerts/{alert}/acknowledge", json=body, headers=wrong).status_code == 403
    assert client.post(f"/alerts/{alert}", data={"decision": "acknowledge", "reason": "x"}).status_code == 403
    with httpx.Client(base_url=address) as stranger:
        assert stranger.post(f"{API}/alerts/{alert}/acknowledge", json=body).status_code == 401
    assert client.get(f"{API}/alerts/{alert}").json()["actions"] == before


def test_bodies_and_requests_have_limits(world: Settings) -> None:
    small = world.with_changes(explorer={"max_body_bytes": 20_000, "requests_per_minute": 30})
    with serving(small) as address, visiting(address) as client:
        assert client.post(f"{API}/views", content=b"x" * 20_001).status_code == 413

        def pieces() -> Iterator[bytes]:
            for _ in range(30):
                yield b"x" * 1_000

        assert (
            client.post(f"{API}/views", content=pieces(), headers={"content-type": "application/json"}).status_code
            == 413
        )
        answers = [client.get(f"{API}/live").status_code for _ in range(40)]
        assert set(answers) == {200, 429}
        told = client.get(f"{API}/live")
        assert int(told.headers["retry-after"]) >= 1


def test_two_who_decide_at_once_lose_nothing(address: str, world: Settings) -> None:
    with visiting(address) as one, visiting(address) as other:
        alert = one.get(f"{API}/alerts?status=all").json()["items"][-1]["alert_id"]
        before = one.get(f"{API}/alerts/{alert}").json()
        seen = before["state"]
        gate = threading.Barrier(2)

        def decide(client: httpx.Client, reason: str) -> int:
            gate.wait()
            return client.post(f"{API}/alerts/{alert}/acknowledge", json={"reason": reason, "seen": seen}).status_code

        with ThreadPoolExecutor(2) as threads:
            done = list(threads.map(decide, (one, other), ("first", "second")))
        assert sorted(done) == [200, 409]
        found = other.get(f"{API}/alerts/{alert}").json()
        new = [action["reason"] for action in found["actions"][len(before["actions"]) :]]
        assert new == [("first", "second")[done.index(200)]]
        assert alert not in [row[0] for row in listed(world, None, None, "open", None)[1]]
        page = one.post(
            f"/alerts/{alert}",
            data={"decision": "acknowledge", "reason": "late", "seen": seen, "csrf": one.headers["x-csrf-token"]},
        )
        assert page.status_code == 409
        assert "changed since it was read" in page.text


def test_people_sign_in_where_others_can_reach_it(tmp_path: Path, world: Settings) -> None:
    shared = world.with_changes(explorer={"database": f"sqlite:///{tmp_path / 'people.sqlite'}"})
    store = Store(shared)
    people.add(store, "rosa", "investigator", PASSWORD)
    people.add(store, "otto", "reader", PASSWORD)
    token = people.make_token(store, "rosa", "script")
    store.close()
    with serving(shared) as address, httpx.Client(base_url=address) as client:
        assert client.get(f"{API}/about").status_code == 401
        asked = client.get("/alerts?status=all")
        assert (asked.status_code, asked.headers["location"]) == (303, "/login?back=%2Falerts%3Fstatus%3Dall")
        wrong = client.post("/login", data={"name": "rosa", "password": "wrong"})
        assert wrong.status_code == 401
        assert "Set-Cookie" not in wrong.headers
        for away in ("http://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
            back = client.post("/login", data={"name": "otto", "password": PASSWORD, "back": away})
            assert back.headers["location"] == "/", away
        cookie = back.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert client.get(f"{API}/about").status_code == 200
        alert = first_alert(client)
        refused = client.post(f"{API}/alerts/{alert}/acknowledge", json={"reason": "x"})
        assert (refused.status_code, refused.json()["title"]) == (403, "Forbidden")
        signed = client.cookies["netraflow_session"]
        page = client.get("/about").text
        client.post("/logout", data={"csrf": page.split('<meta name="csrf" content="')[1].split('"')[0]})
        with httpx.Client(base_url=address, cookies={"netraflow_session": signed}) as stale:
            assert stale.get(f"{API}/about").status_code == 401
        bearer = {"Authorization": f"Bearer {token}"}
        done = client.post(f"{API}/alerts/{alert}/acknowledge", json={"reason": "by a script"}, headers=bearer)
        assert done.json()["actions"][-1]["author"] == "rosa"
        assert client.get(f"{API}/about", headers={"Authorization": "Bearer nf_wrong"}).status_code == 401


def test_guessing_passwords_is_slow_work(tmp_path: Path, world: Settings) -> None:
    settings = world.with_changes(
        explorer={"database": f"sqlite:///{tmp_path / 'people.sqlite'}", "logins_per_minute": 3}
    )
    with serving(settings) as address, httpx.Client(base_url=address) as client:
        answers = [client.post("/login", data={"name": "a", "password": "b"}).status_code for _ in range(5)]
        assert client.post("/login", data={"name": "b", "password": "b"}).status_code == 401, "another one may"
    assert answers == [401, 401, 401, 429, 429]


def test_whom_a_proxy_names_counts_from_that_proxy_alone(tmp_path: Path, world: Settings) -> None:
    settings = world.with_changes(
        explorer={"database": f"sqlite:///{tmp_path / 'people.sqlite'}", "trusted_header": "X-Forwarded-User"}
    )
    store = Store(settings)
    people.add(store, "rosa", "investigator", PASSWORD)
    store.close()
    named = {"X-Forwarded-User": "rosa"}
    with serving(settings) as address, httpx.Client(base_url=address) as client:
        assert "rosa, investigator" in client.get("/about", headers=named).text
        assert client.get("/about", headers={"X-Forwarded-User": "eve"}).status_code == 303
    elsewhere = settings.with_changes(explorer={"trusted_proxies": ("192.0.2.7",)})
    with serving(elsewhere) as address, httpx.Client(base_url=address) as client:
        assert client.get("/about", headers=named).status_code == 303


def test_sessions_and_forms_survive_a_restart(tmp_path: Path, world: Settings) -> None:
    settings = world.with_changes(explorer={"database": f"sqlite:///{tmp_path / 'people.sqlite'}"})
    store = Store(settings)
    people.add(store, "rosa", "investigator", PASSWORD)
    store.close()
    with serving(settings) as address, httpx.Client(base_url=address) as client:
        client.post("/login", data={"name": "rosa", "password": PASSWORD})
        token = client.get("/about").text.split('<meta name="csrf" content="')[1].split('"')[0]
        session = client.cookies["netraflow_session"]
    with serving(settings) as address, httpx.Client(base_url=address) as client:
        client.cookies.set("netraflow_session", session)
        made = client.post("/cases", data={"title": "after", "csrf": token})
        assert (made.status_code, made.headers["location"]) == (303, "/cases/1")


def test_pages_follow_publications_and_lists_go_on_in_their_run(tmp_path: Path) -> None:
    settings = hostile_world(load_settings(tmp_path / "data"), tmp_path)
    keep = settings.with_changes(warehouse={"keep_published": 2})
    with serving(keep) as address, visiting(address) as client:
        first = client.get(f"{API}/findings?every=true&limit=1").json()
        second = publish_again(keep)
        assert client.get(f"{API}/about").json()["run"] == second
        assert second in client.get("/about").text
        on = {"every": "true", "limit": "1", "cursor": first["next_cursor"]}
        assert client.get(f"{API}/findings", params=on).json()["run"] == first["run"]
        publish_again(keep)
        gone = client.get(f"{API}/findings", params=on)
        assert (gone.status_code, gone.json()["title"]) == (410, "Gone")


def test_eight_readers_during_ten_publications_meet_no_error_and_no_mixture(tmp_path: Path) -> None:
    settings = hostile_world(load_settings(tmp_path / "data"), tmp_path).with_changes(
        explorer={"requests_per_minute": 1_000_000}
    )
    over = threading.Event()
    trouble: list[object] = []
    runs: set[str] = set()

    def read(n: int) -> int:
        count = 0
        with httpx.Client(base_url=address, timeout=60) as client:
            while not over.is_set():
                path = (f"{API}/about", "/about", f"{API}/addresses/ethereum/{RECEIVER}", "/")[n % 4]
                answer = client.get(path)
                count += 1
                if answer.status_code != 200:
                    trouble.append((path, answer.status_code, answer.text[:200]))
                elif path == f"{API}/about":
                    told = answer.json()
                    runs.add(told["run"])
                    if told["run"] != told["publication"]["run_id"]:
                        trouble.append(told)
                elif (
                    path == "/about"
                    and len(set(re.findall(r"(?:<dd>|/about\">)(\d{8}T\d{6}-\w{6})<", answer.text))) != 1
                ):
                    trouble.append(answer.text)
        return count

    with serving(settings) as address, ThreadPoolExecutor(8) as threads:
        readers = [threads.submit(read, n) for n in range(8)]
        published = [publish_again(settings) for _ in range(10)]
        over.set()
        counts = [reader.result() for reader in readers]
    assert trouble == []
    assert min(counts) > 0
    assert len(runs & set(published)) > 1


def test_other_addresses_than_loopback_need_somebody_to_sign_in(settings: Settings) -> None:
    from flow_pipeline.domain.errors import UsageError

    with pytest.raises(UsageError, match="nobody could sign in"):
        create_app(settings, "0.0.0.0")
    store = Store(settings)
    people.add(store, "rosa", "investigator", PASSWORD)
    store.close()
    app = create_app(settings, "0.0.0.0")
    app.state.netraflow.close()
    proxied = settings.with_changes(explorer={"trusted_header": "X-Forwarded-User"})
    create_app(proxied, "0.0.0.0").state.netraflow.close()


def test_nobody_reads_anything_without_signing_in(tmp_path: Path, world: Settings) -> None:
    settings = world.with_changes(explorer={"database": f"sqlite:///{tmp_path / 'people.sqlite'}"})
    store = Store(settings)
    people.add(store, "rosa", "investigator", PASSWORD)
    store.close()
    app = create_app(settings)
    app.state.netraflow.close()
    routes = [(path, method.upper()) for path, ways in app.openapi()["paths"].items() for method in ways]
    for module in files_of("flow_pipeline.explorer.pages"):
        routes += [
            (route.path, way) for route in module.router.routes if isinstance(route, APIRoute) for way in route.methods
        ]
    assert len(routes) > 80
    opened = []
    with serving(settings) as address, httpx.Client(base_url=address) as client:
        for path, method in routes:
            address_of = re.sub(r"{[^}]+}", "x", re.sub(r"{\w*_?id}", "1", path))
            answer = client.request(method, address_of, json={} if method != "GET" else None)
            if answer.status_code != 401 and not answer.headers.get("location", "").startswith("/login?"):
                opened.append((method, path, answer.status_code))
    assert opened == [("GET", "/login", 200)]
