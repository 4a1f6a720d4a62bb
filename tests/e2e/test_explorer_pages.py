"""Every page in a real browser: nothing from outside, no error, readable, usable; a case from alert to bundle."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from flow_pipeline.explorer.store import people
from flow_pipeline.explorer.store.opening import Store
from flow_pipeline.settings import Settings, load_settings
from tests.browser import NARROW, SCHEMES, faults_of, tab_stops, visit
from tests.explorer import RECEIVER, RING, hostile_world, serving, visiting
from tests.worlds import environment

if TYPE_CHECKING:
    from playwright.sync_api import Browser

API = "/api/v1"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("pages")
    made = hostile_world(load_settings(folder / "data"), folder)
    return made.with_changes(explorer={"requests_per_minute": 100_000})


@pytest.fixture(scope="module")
def served(world: Settings) -> Iterator[str]:
    with serving(world) as address:
        yield address


@pytest.fixture(scope="module")
def pages(served: str) -> list[str]:
    """Paths of a page of every kind, with a case, a watch and decisions on them."""
    with visiting(served) as client:
        found = client.get(f"{API}/findings?every=true").json()["items"][0]["finding_id"]
        alert = client.get(f"{API}/alerts?status=all").json()["items"][0]["alert_id"]
        names = [one for one in client.get(f"{API}/entities").json()["items"] if one["category"] == "exchange"]
        exchange = quote(names[0]["entity"], safe="")
        groups = client.get(f"{API}/flows/groups").json()["items"]
        group = quote(groups[0]["group_id"], safe="")
        case = client.post(f"{API}/cases", json={"alerts": [alert], "findings": [found]}).json()["id"]
        client.post(f"{API}/cases/{case}/notes", json={"body": "# A note\n\nwith **words** and <b>tags</b>"})
        watched = {"kind": "address", "key": RECEIVER, "chain": "ethereum", "reason": "a test"}
        assert client.post(f"{API}/watchlist", json=watched).status_code == 201
        client.post(f"{API}/alerts/{alert}/acknowledge", json={"reason": "seen", "verdict": "known"})
    return [
        "/", "/alerts?status=all", f"/alerts/{alert}", "/findings?every=true", f"/findings/{found}?prove=true",
        "/netflow", f"/netflow/ethereum/{exchange}", "/entities", f"/entities/ethereum/{exchange}",
        f"/addresses/ethereum/{RECEIVER}", f"/addresses/ethereum/{RECEIVER}/transfers",
        f"/addresses/ethereum/{RECEIVER}/counterparties", f"/addresses/ethereum/{RECEIVER}/history",
        f"/addresses/ethereum/{RECEIVER}/exposure", f"/transactions/ethereum/0x{1:064x}", "/search?q=lazarus",
        "/search?q=nothing+like+it", f"/groups/{group}", "/cases?status=all", f"/cases/{case}",
        "/watchlist", "/about", "/login",
    ]  # fmt: skip


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [1280, NARROW])
def test_every_page_can_be_read_by_everybody(
    served: str, chromium: Browser, pages: list[str], scheme: Any, width: int
) -> None:
    found = {}
    with visit(chromium, served, width, scheme) as page:
        for path in pages:
            answer = page.goto(path)
            assert answer is not None
            assert answer.status == 200, path
            page.wait_for_load_state("networkidle")
            if faults := faults_of(page):
                found[path] = faults
    assert found == {}


def test_what_alerts_say_is_read_on_a_phone_without_moving_the_table(served: str, chromium: Browser) -> None:
    with visit(chromium, served, 500) as page:
        page.goto("/")
        told = page.locator("table").first.locator("td.what")
        assert told.count()
        for number in range(told.count()):
            box = told.nth(number).bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= 500


def test_the_keyboard_reaches_everything_in_order(served: str, chromium: Browser, pages: list[str]) -> None:
    with visit(chromium, served) as page:
        for path in pages:
            page.goto(path)
            page.wait_for_load_state("networkidle")
            stops = tab_stops(page)
            assert stops[:2] == ["Skip to content", "netraflow"], path
            links = page.locator("main a[href]:visible, main button:visible:enabled").count()
            assert len(stops) >= links, path


def test_refusals_are_pages(served: str, chromium: Browser) -> None:
    with visit(chromium, served, refused=(400, 404)) as page:
        for path, status in (("/nothing", 404), ("/findings/none", 404), ("/findings?typology=none", 400)):
            answer = page.goto(path)
            assert answer is not None
            assert answer.status == status
            assert page.get_by_role("alert").is_visible()
            assert faults_of(page) == []


def test_three_letters_find_what_arrows_and_enter_open(served: str, chromium: Browser) -> None:
    with visit(chromium, served) as page:
        page.goto("/about")
        page.keyboard.press("/")
        page.keyboard.type(RECEIVER[:8], delay=20)
        page.get_by_role("option").first.wait_for()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/addresses/ethereum/{RECEIVER}")
        page.get_by_role("combobox").fill("lazarus")
        page.get_by_role("button", name="Search").click()
        assert page.url.endswith("/search?q=lazarus")


def test_charts_are_drawn_without_running_text_as_code(served: str, chromium: Browser, pages: list[str]) -> None:
    with visit(chromium, served) as page:
        for path in (pages[6], f"/addresses/ethereum/{RECEIVER}"):
            page.goto(path)
            page.locator("figure.chart svg.marks").wait_for()
            assert page.locator("figure.chart svg.marks path").count() > 3


def test_what_one_acknowledges_another_sees(served: str, chromium: Browser) -> None:
    with visit(chromium, served, refused=(409,)) as one, visit(chromium, served) as other:
        one.goto("/alerts")
        one.locator("main a.hash, main td.hash a").last.click()
        address = one.url
        other.goto(address)
        late = one.context.new_page()
        late.goto(address)
        one.get_by_label("Reason").first.fill("paid by the treasury")
        one.get_by_label("It turned out to be").select_option("known")
        one.get_by_role("button", name="Acknowledge").click()
        other.reload()
        assert other.get_by_role("status").inner_text().endswith("as known: paid by the treasury")
        late.get_by_label("Reason").first.fill("too late")
        late.get_by_role("button", name="Acknowledge").click()
        assert "changed since it was read" in late.get_by_role("alert").inner_text()


def test_from_an_alert_to_a_bundle_that_is_proved(
    world: Settings, served: str, chromium: Browser, tmp_path: Path
) -> None:
    with visit(chromium, served) as page:
        page.goto("/alerts?status=all")
        page.get_by_role("checkbox").first.check()
        page.get_by_role("button", name="Open a case").click()
        page.wait_for_url("**/cases/*")
        page.get_by_label("A note").fill("Asked the exchange.")
        page.get_by_role("button", name="Add the note").click()
        assert "Asked the exchange." in page.locator("article").inner_text()
        page.get_by_label("Its id, or chain:address").fill(f"ethereum:{RING[0]}")
        page.get_by_label("Kind").select_option("address")
        page.get_by_role("button", name="Add", exact=True).click()
        page.get_by_label("Who, what, when").fill("# Edited\n\nby a person")
        page.get_by_role("button", name="Save the narrative").click()
        with page.expect_download() as download:
            page.get_by_role("button", name="Evidence bundle").click()
        bundle = tmp_path / "case.zip"
        download.value.save_as(bundle)
        page.reload()
        page.get_by_label("Verdict").select_option("true")
        page.locator("form", has_text="Close the case").get_by_label("Reason").fill("handed in")
        page.get_by_role("button", name="Close the case").click()
        assert page.get_by_text("Closed as true: handed in").is_visible()
        acts = page.get_by_role("region", name="Timeline").locator("tbody tr td:nth-child(3)").all_inner_texts()
    assert acts == ["opened", "noted", "added", "edited", "bundled", "closing", "closed"]
    assert proved(world, bundle) == 0
    bundle.write_bytes(bundle.read_bytes()[:-40])
    assert proved(world, bundle) != 0


def proved(world: Settings, bundle: Path) -> int:
    """How `netraflow case verify` ends, in a process of its own as people call it."""
    words = ["--data-dir", str(world.data_dir), "case", "verify", str(bundle)]
    done = subprocess.run([sys.executable, "-m", "flow_pipeline", *words], capture_output=True, env=environment())
    return done.returncode


def test_a_saved_view_is_put_into_a_case(served: str, chromium: Browser, pages: list[str]) -> None:
    case = next(path for path in pages if path.startswith("/cases/"))
    with visit(chromium, served) as page:
        page.goto(f"/graph/ethereum/{RING[0]}")
        page.get_by_label("Title").fill("The ring")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_label("Case").select_option(case.rpartition("/")[2])
        page.get_by_role("button", name="Put the saved view into the case").click()
        page.wait_for_url(f"**{case}")
        assert page.get_by_role("link", name="The ring").is_visible()


def test_an_entity_and_an_address_are_put_into_cases(served: str, chromium: Browser, pages: list[str]) -> None:
    entity = next(path for path in pages if path.startswith("/entities/"))
    with visit(chromium, served) as page:
        page.goto(entity)
        page.get_by_role("button", name="Open a case").click()
        page.wait_for_url("**/cases/*")
        number = page.url.rpartition("/")[2]
        page.goto(f"/addresses/ethereum/{RING[2]}")
        page.get_by_label("Open case").select_option(number)
        page.get_by_role("button", name="Put into it").click()
        page.wait_for_url(f"**/cases/{number}")
        kinds = page.get_by_role("region", name="What the case is about").locator("tbody tr td:first-child")
        assert kinds.all_inner_texts() == ["address", "entity"]
        page.goto(f"/addresses/ethereum/{RING[2]}")
        assert page.get_by_role("link", name=number, exact=True).is_visible()


def test_what_was_typed_is_not_lost(served: str, chromium: Browser, pages: list[str]) -> None:
    case = next(path for path in pages if path.startswith("/cases/"))
    asked: list[str] = []
    with visit(chromium, served, asked=asked) as page:
        page.goto(case)
        page.get_by_label("Who, what, when").fill("an hour of work")
        page.get_by_label("A note").fill("a note")
        page.get_by_role("button", name="Add the note").click()
        assert asked == ["dialog: Something else on this page was typed and is not sent. Go on without it?"]
        assert page.get_by_label("Who, what, when").input_value() == "an hour of work"


def test_who_was_too_late_gets_the_text_back(served: str, chromium: Browser, pages: list[str]) -> None:
    case = next(path for path in pages if path.startswith("/cases/"))
    with visit(chromium, served, refused=(409,)) as page:
        page.goto(case)
        page.get_by_label("Who, what, when").fill("an hour of work")
        with visiting(served) as other:
            assert other.post(f"{API}{case}/notes", json={"body": "meanwhile"}).status_code == 201
        page.get_by_role("button", name="Save the narrative").click()
        assert page.get_by_label("What you typed").input_value() == "an hour of work"
        page.get_by_role("link", name="Look at it as it is now").click()
        page.wait_for_url(f"**{case}")


def test_readers_get_no_forms(world: Settings, chromium: Browser, pages: list[str], tmp_path: Path) -> None:
    settings = world.with_changes(explorer={"database": f"sqlite:///{tmp_path / 'people.sqlite'}"})
    store = Store(settings)
    people.add(store, "otto", "reader", "a sentence that is long enough")
    store.close()
    with serving(settings) as address, visit(chromium, address) as page:
        page.goto("/login")
        page.get_by_label("Name").fill("otto")
        page.get_by_label("Password").fill("a sentence that is long enough")
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{address}/")
        for path in [path for path in pages if not path.startswith(("/cases/", "/login"))]:
            page.goto(path)
            buttons = page.locator('main form[method="post"] button:enabled')
            assert buttons.count() == 0, path


def test_a_note_is_markdown_and_no_code(served: str, chromium: Browser, pages: list[str]) -> None:
    with visit(chromium, served) as page:
        page.goto(next(path for path in pages if path.startswith("/cases/")))
        note = page.locator("article .note").first
        assert note.locator("strong").inner_text() == "words"
        assert note.locator("b").count() == 0
        assert "<b>tags</b>" in note.inner_text()


def test_watching_from_the_page_of_an_address(served: str, chromium: Browser) -> None:
    with visit(chromium, served) as page:
        page.goto(f"/addresses/ethereum/{RING[1]}")
        page.get_by_text("Watch it").click()
        page.get_by_label("Reason").fill("a ring")
        page.get_by_role("button", name="Tell what it does").click()
        page.wait_for_url("**/watchlist")
        row: Any = page.get_by_role("row").filter(has_text="a ring")
        assert RING[1] in row.inner_text()
        row.get_by_role("button", name="End the watch").click()
        assert page.get_by_role("row").filter(has_text="a ring").count() == 0


def test_the_csv_of_a_page_is_its_list_from_the_first_row(served: str) -> None:
    with visiting(served) as client:
        for page, first in (
            ("/netflow", "exchange,chain,token_symbol"),
            (f"/addresses/ethereum/{RECEIVER}/transfers?way=out&limit=5", "block_timestamp,"),
            ("/findings?every=true&typology=circular", "finding_id,"),
        ):
            text = client.get(page).text
            (link,) = re.findall(r'<a href="([^"]+)">As CSV</a>', text)
            told = client.get(html.unescape(link))
            assert told.text.startswith(first), page
            assert "limit=1000" in link
        sent = client.get(f"{API}/addresses/ethereum/{RECEIVER}/transfers?way=out&limit=1000").json()["items"]
        shown = client.get(f"/addresses/ethereum/{RECEIVER}/transfers?way=out&limit=5").text
        link = re.findall(r'<a href="([^"]+)">As CSV</a>', shown)[0]
        assert len(client.get(html.unescape(link)).text.splitlines()) - 1 == len(sent) > 5


def test_on_a_phone_the_first_column_of_words_leads_on(served: str, chromium: Browser) -> None:
    with visit(chromium, served, NARROW) as page:
        for path, to in (("/alerts?status=all", "/alerts/"), ("/findings?every=true", "/findings/")):
            page.goto(path)
            link = page.locator("main tbody a").first
            box = link.bounding_box()
            assert box is not None
            assert box["x"] < NARROW - 60
            assert str(link.get_attribute("href")).startswith(to)
