"""The graph in a real browser: what people do with it, what they save, and what the API says of the same."""

from __future__ import annotations

import struct
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from flow_pipeline.explorer.store import cases, people, views
from flow_pipeline.explorer.store.opening import Store
from flow_pipeline.settings import Settings, load_settings
from tests.browser import NARROW, SCHEMES, faults_of, tab_stops, visit
from tests.conftest import build, label_file, transfer, write_csv
from tests.explorer import free_port, serving, visiting
from tests.worlds import LIMITS, address, at

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

DAY = 86_400
OTHERS = 61
"""Counterparties of the hub."""
HOSTILE = '"><img src=x onerror=alert(1)>\u202e<script>alert(2)</script>'
HUB, A, B, C, D = (address(name) for name in ("HUB", "A", "B", "C", "D"))
GRAPH = "/graph/ethereum"
PASSWORD = "a long enough password"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A hub, whose counterparties it paid on twenty days; A, whom it paid, and what A sent on to D by B and C."""
    folder = tmp_path_factory.mktemp("world")
    hops = [(n % 20 * DAY + n * 60, "HUB", f"c{n:02d}", 100 - n) for n in range(OTHERS - 1)]
    hops += [(n * 60, f"c{n:02d}", "HUB", 50 - n) for n in range(0, 20, 4)]
    hops += [
        (5 * DAY, "HUB", "A", 4),
        (6 * DAY, "A", "B", 4),
        (6 * DAY + 600, "B", "C", 4),
        (6 * DAY + 1200, "C", "D", 4),
    ]
    rows = [transfer(n, address(a), address(b), amount, at=at(when)) for n, (when, a, b, amount) in enumerate(hops, 1)]
    rows.append(transfer(9_000, HUB, address("c00"), 3, at=at(DAY), symbol="<b>FREE</b>"))
    rows.append(transfer(9_001, HUB, address("c01"), 0, at=at(DAY)))
    write_csv(folder / "in" / "transfers.csv", rows)
    prices = folder / "prices.csv"
    prices.write_text("date,token,usd\n" + "".join(f"2025-05-{day:02d},ETH,2000\n" for day in range(1, 22)))
    labels = label_file(
        folder / "labels.csv",
        [
            ["ethereum", address("c00"), HOSTILE, "exchange", "x", 0.9, "test", "", ""],
            ["ethereum", address("c01"), "Mixer", "mixer", "x", 0.9, "test", "", ""],
        ],
    )
    settings = load_settings(folder / "data").with_changes(
        typologies=LIMITS, labels={"files": (labels,)}, sources={"prices": prices}, reports={"each_run": False}
    )
    build(settings, folder / "in")
    return settings


@pytest.fixture
def served(world: Settings) -> Iterator[str]:
    with serving(world) as address:
        yield address


def opened(page: Page, path: str) -> Page:
    page.goto(path)
    settled(page)
    return page


def settled(page: Page) -> None:
    """Wait until what was asked for is drawn."""
    page.locator("#picture[aria-busy=false][data-settled=yes]").wait_for()


def node(page: Page, name: str) -> Locator:
    return page.locator(f'.node[data-key="{address(name)}"]')


def edge(page: Page, source: str, target: str) -> Locator:
    return page.locator(f'.edge[data-key="{address(source)}>{address(target)}"]')


def told_on(page: Page, source: str, target: str) -> Locator:
    """What is written on an edge."""
    return page.locator(f'.caption[data-key="{address(source)}>{address(target)}"] .told')


def shown(page: Page) -> set[str]:
    keys = page.locator(".node").evaluate_all("(all) => all.map((one) => one.dataset.key)")
    return {key for key in keys if not key.startswith("more:")}


def picture(page: Page) -> list[list[str]]:
    """What is drawn and where: a node's name and place, an edge's line, width and number; not what is selected."""
    found: list[list[str]] = page.evaluate(
        """() => [...document.querySelectorAll(".node, .edge .line, .caption .told")].map((one) => [
          one.parentElement.dataset.key ?? one.dataset.key, one.textContent,
          ...["transform", "d", "stroke-width"].map((name) => one.getAttribute(name) ?? ""),
          [...one.classList].filter((name) => name !== "selected").sort().join(" "),
        ])"""
    )
    return found


def counterparties(client: httpx.Client, of: str) -> set[str]:
    """Every counterparty that the API gives, page by page."""
    found: set[str] = set()
    cursor: str | None = None
    while True:
        asked = {"chain": "ethereum", "address": of, "limit": 7} | ({"cursor": cursor} if cursor else {})
        answer = client.get("/api/v1/graph/expand", params=asked).json()
        page = [item["node"]["address"] for item in answer["items"]]
        assert not found & set(page)
        found |= set(page)
        assert answer["others"] == answer["node"]["counterparties"] - len(found)
        if (cursor := answer["next_cursor"]) is None:
            return found


def test_expanding_by_click_and_by_keyboard_brings_every_counterparty(served: str, chromium: Browser) -> None:
    from playwright.sync_api import expect

    with visiting(served) as client:
        wanted = counterparties(client, HUB)
        assert len(wanted) == OTHERS
        rest = counterparties(client, A)
    with visit(chromium, served) as page:
        opened(page, f"{GRAPH}/{D}")
        assert shown(page) == {D, C}
        page.get_by_label("Add an address or a name").fill(HUB[:12])
        page.get_by_label("Add an address or a name").fill(HUB)
        page.get_by_role("button", name="Add", exact=True).click()
        settled(page)
        assert shown(page) == {D, C, HUB}
        node(page, "HUB").locator(".grow").click()
        settled(page)
        assert len(shown(page)) == 3 + 25
        more = page.locator(f'.node[data-key="more:{HUB}"]')
        expect(more).to_have_text(f"+ {OTHERS - 25} others")
        more.click()
        settled(page)
        expect(more).to_have_text(f"+ {OTHERS - 50} others")
        more.focus()
        page.keyboard.press("Enter")
        settled(page)
        expect(more).to_have_count(0)
        assert shown(page) == wanted | {HUB, C, D}
        # and the next node without a hand on the mouse
        node(page, "HUB").focus()
        page.keyboard.press("ArrowRight")
        assert page.evaluate("() => document.activeElement.classList.contains('node')")
        node(page, "A").focus()
        page.keyboard.press("Enter")
        settled(page)
        assert shown(page) == wanted | rest | {HUB, C, D}
        drawn = int(page.locator("#graph").get_attribute("data-edges") or 0)
        assert page.locator(".edge").count() == drawn
        with visiting(served) as client:
            asked = {"chain": "ethereum", "addresses": sorted(shown(page))}
            assert len(client.post("/api/v1/graph/edges", json=asked).json()["items"]) == drawn


def test_what_was_done_is_undone_and_done_again(served: str, chromium: Browser) -> None:
    with visit(chromium, served) as page:
        opened(page, f"{GRAPH}/{A}")
        first = picture(page)
        assert shown(page) == {A, B, HUB}
        node(page, "B").click()
        page.get_by_role("button", name="Hide", exact=True).click()
        assert shown(page) == {A, HUB}
        page.get_by_role("button", name="Undo").click()
        settled(page)
        assert picture(page) == first
        page.keyboard.press("Control+y")
        settled(page)
        assert shown(page) == {A, HUB}
        page.get_by_role("button", name="Show 1 hidden").click()
        settled(page)
        assert shown(page) == {A, B, HUB}
        node(page, "HUB").focus()
        page.keyboard.press("p")
        before = node(page, "HUB").get_attribute("transform")
        node(page, "HUB").press("Enter")
        settled(page)
        assert len(shown(page)) > 20
        assert node(page, "HUB").get_attribute("transform") == before
        for _ in range(4):
            page.keyboard.press("Control+z")
        settled(page)
        assert picture(page) == first


def test_a_dragged_node_stays_where_it_was_put(served: str, chromium: Browser) -> None:
    with visit(chromium, served) as page:
        opened(page, f"{GRAPH}/{A}")
        box = node(page, "B").locator(".shape").bounding_box()
        assert box
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 30, y - 50, steps=4)
        page.mouse.move(x + 60, y - 80, steps=4)
        page.mouse.up()
        moved = node(page, "B").locator(".shape").bounding_box()
        assert moved
        assert (moved["x"] - box["x"], moved["y"] - box["y"]) == pytest.approx((60, -80), abs=2)
        placed = node(page, "B").get_attribute("transform")
        node(page, "HUB").locator(".grow").click()
        settled(page)
        assert node(page, "B").get_attribute("transform") == placed


def test_a_view_outlives_the_server_and_looks_the_same_to_others(world: Settings, chromium: Browser) -> None:
    port = free_port()
    with serving(world, port=port) as address_, visit(chromium, address_) as page:
        opened(page, f"{GRAPH}/{A}")
        node(page, "HUB").locator(".grow").click()
        settled(page)
        node(page, "c03").click()
        page.get_by_role("button", name="Hide", exact=True).click()
        node(page, "B").click()
        page.get_by_role("button", name="Pin", exact=True).click()
        page.get_by_label("Note").fill("sent on within minutes <b>")
        page.get_by_label("Title").fill("What A did")
        page.get_by_role("button", name="Save", exact=True).click()
        settled(page)
        # names are as large as the picture is far away, and a view opens with all in sight
        page.get_by_role("button", name="Fit").click()
        saved = picture(page)
        path = page.url.removeprefix(address_)
        assert path.startswith("/views/")
        page.reload()
        settled(page)
        assert picture(page) == saved
    with serving(world, port=port) as address_, visit(chromium, address_, scheme="dark") as page:
        opened(page, path)
        assert picture(page) == saved
        assert page.locator("h1").inner_text() == "What A did"
        assert node(page, "c03").count() == 0
        assert "sent on within minutes <b>" in (node(page, "B").text_content() or "")
        page.get_by_role("button", name="Show 1 hidden").click()
        settled(page)
        assert node(page, "c03").count() == 1


def test_of_two_who_save_at_once_one_is_told(served: str, chromium: Browser) -> None:
    with visit(chromium, served) as page:
        opened(page, f"{GRAPH}/{A}")
        page.get_by_label("Title").fill("Ours")
        page.get_by_role("button", name="Save", exact=True).click()
        settled(page)
        url = page.url
    with visit(chromium, served) as one, visit(chromium, served, refused=(409,)) as other:
        opened(one, url)
        opened(other, url)
        for who, name in ((one, "B"), (other, "HUB")):
            node(who, name).focus()
            who.keyboard.press("h")
            who.get_by_role("button", name="Save", exact=True).click()
            settled(who)
        assert "version 2" in one.locator("#said").inner_text()
        assert "Somebody saved this view" in other.get_by_role("alert").inner_text()
        other.get_by_role("button", name="Save as a new view").click()
        settled(other)
        assert other.url != url
        opened(one, other.url)
        assert shown(one) == {A, B}
        assert shown(opened(one, url)) == {A, HUB}


def test_the_days_change_the_sums_and_fade_what_lies_outside(served: str, chromium: Browser) -> None:
    from playwright.sync_api import expect

    with visit(chromium, served) as page:
        opened(page, f"{GRAPH}/{HUB}")
        assert page.locator("#days").inner_text() == "2025-05-01 to 2025-05-20"
        page.get_by_label("to", exact=True).fill("0")
        expect(edge(page, "HUB", "c01")).to_have_class("edge outside near")
        settled(page)
        assert page.locator("#days").inner_text() == "2025-05-01 to 2025-05-01"
        with visiting(served) as client:
            among = {"chain": "ethereum", "addresses": sorted(shown(page)), "first": "2025-05-01", "last": "2025-05-01"}
            inside = {
                item["id"].replace("ethereum:", "")
                for item in client.post("/api/v1/graph/edges", json=among).json()["items"]
            }
        keys = page.locator(".edge:not(.outside)").evaluate_all("(all) => all.map((one) => one.dataset.key)")
        assert set(keys) == inside
        assert page.locator(".edge.outside").count() > 0
        node(page, "c00").click()
        page.locator("#node-edges button").first.click()
        settled(page)
        assert "in all days 2" in page.locator("#panel").inner_text()
        page.get_by_role("button", name="All days").click()
        settled(page)
        assert page.locator(".edge.outside").count() == 0
        # the left handle pushes the right one, never past it
        page.get_by_label("to", exact=True).fill("5")
        page.get_by_label("from", exact=True).fill("9")
        assert page.get_by_label("to", exact=True).input_value() == "9"


def test_an_edge_shows_its_tokens_and_its_transfers(served: str, chromium: Browser) -> None:
    with visit(chromium, served) as page:
        opened(page, f"{GRAPH}/{HUB}")
        edge(page, "HUB", "c00").locator(".reach").dispatch_event("pointerdown", {"button": 0, "pointerId": 1})
        page.keyboard.press("Escape")
        node(page, "c00").focus()
        page.keyboard.press("e")
        page.keyboard.press("Enter")
        settled(page)
        assert page.locator("#panel h2").evaluate("(head) => head === document.activeElement")
        tokens = page.locator("#tokens tbody tr").all_inner_texts()
        assert [text.split("\t")[0] for text in tokens] == ["ETH", "<b>FREE</b>"]
        assert page.locator("#transfers tbody tr").count() == 2
        assert page.locator("#panel b").count() == 0


def test_a_way_between_two_is_found_and_numbered(served: str, chromium: Browser) -> None:
    with visit(chromium, served) as page:
        opened(page, f"{GRAPH}/{A}")
        page.get_by_label("Add an address or a name").fill(D)
        page.keyboard.press("Enter")
        settled(page)
        node(page, "A").click()
        node(page, "D").click(modifiers=["Shift"])
        page.get_by_role("button", name="Find ways").click()
        settled(page)
        assert {A, B, C, D} <= shown(page)
        told = [told_on(page, *ends).text_content() or "" for ends in (("A", "B"), ("B", "C"), ("C", "D"))]
        assert [text[0] for text in told] == ["1", "2", "3"]
        assert page.locator(".edge.marked").count() == 3
        # against the order of time there is none
        page.get_by_role("button", name="Other direction").click()
        page.get_by_role("button", name="Find ways").click()
        settled(page)
        assert "No way" in page.locator("#said").inner_text()


def test_a_finding_is_drawn_in_its_order(served: str, chromium: Browser) -> None:
    with visiting(served) as client:
        answer = client.get("/api/v1/findings", params={"typology": "rapid_chain", "every": True}).json()
        (finding,) = (item["finding_id"] for item in answer["items"])
    with visit(chromium, served) as page:
        opened(page, f"/graph/finding/{finding}")
        assert {A, B, C, D} <= shown(page)
        told = {key: told_on(page, *key).text_content() or "" for key in (("A", "B"), ("B", "C"), ("C", "D"))}
        assert [text[0] for text in told.values()] == ["1", "2", "3"]
        places = [node(page, name).bounding_box() for name in "ABCD"]
        assert [box["x"] for box in places if box] == sorted(box["x"] for box in places if box)


@pytest.mark.parametrize("width", [1280, NARROW])
def test_numbers_and_names_can_be_read(served: str, chromium: Browser, width: int) -> None:
    """Nothing lies over a number, no number over a name where there is room, and all names are in sight.

    The name of B lies on the middle of the edge from A to D, where its number would stand.
    """
    places = ((A, 0, 0), (B, 125, 28), (D, 400, 0))
    state = {
        "version": 1, "chain": "ethereum", "run": "r",
        "nodes": [{"address": a, "x": x, "y": y, "entity": "A name of almost 30 letters"} for a, x, y in places],
        "edges": [{"source": 0, "target": 2, "transfers": 2, "usd": "9"}],
        "marks": [{"source": 0, "target": 2, "ordinals": [1, 2]}],
    }  # fmt: skip
    with visiting(served) as client:
        answer = client.get("/api/v1/findings", params={"typology": "rapid_chain", "every": True}).json()
        view = client.post("/api/v1/views", json={"title": "x", "state": state}).json()["id"]
    with visit(chromium, served, width=width) as page:
        for path, numbers in ((f"/graph/finding/{answer['items'][0]['finding_id']}", 3), (f"/views/{view}", 1)):
            opened(page, path)
            assert page.locator("#picture > g > g").last.locator(".caption.marked").count() == numbers
            faults = faults_of_words(page)
            # on a phone four names of a row touch each other, and a number between them has no room
            assert [one for one in faults if width != NARROW or one.endswith("is cut")] == []


def faults_of_words(page: Page) -> list[str]:
    """Numbers that lie on names or each other, and words that are cut by the edge of the picture."""
    found: list[str] = page.evaluate(
        """() => {
          const boxes = (what) => [...document.querySelectorAll(what)]
            .filter((one) => one.getClientRects().length && one.textContent)
            .map((one) => [one.textContent.trim(), one.getBoundingClientRect()]);
          const [all] = boxes("#picture").map(([, box]) => box);
          const [names, numbers] = [boxes(".node .label"), boxes(".caption")];
          const cut = [...names, ...numbers].filter(([, box]) =>
            box.left < all.left || box.right > all.right || box.top < all.top || box.bottom > all.bottom);
          const covered = numbers.flatMap(([text, box], place) =>
            [...names, ...numbers.slice(place + 1)].filter(([, other]) =>
              Math.min(box.right, other.right) - Math.max(box.left, other.left) > 1 &&
              Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top) > 1)
              .map(([other]) => `${text} lies on ${other}`));
          return [...cut.map(([text]) => `${text} is cut`), ...covered];
        }"""
    )
    return found


def test_pictures_are_whole_and_say_what_they_show(served: str, chromium: Browser, tmp_path: Path) -> None:
    with visiting(served) as client:
        run = client.get("/api/v1/findings").json()["run"]
    with visit(chromium, served) as page:
        opened(page, f"{GRAPH}/{HUB}")
        files: dict[str, bytes] = {}
        for form in ("SVG", "PNG"):
            with page.expect_download() as download:
                page.get_by_role("button", name=form).click()
            download.value.save_as(tmp_path / form)
            files[form] = (tmp_path / form).read_bytes()
        drawn = ElementTree.fromstring(files["SVG"])
        words = "".join(drawn.itertext())
        assert run in words
        assert "exchange: custodial or centralised exchange" in words
        assert f"{OTHERS - 25} further counterparties" in words
        assert {name.rpartition("}")[2] for name in (one.tag for one in drawn.iter())} == {
            "svg", "title", "desc", "rect", "g", "path", "polygon", "circle", "text",
        }  # fmt: skip
        assert not any(name.startswith("on") or "style" in name for one in drawn.iter() for name in one.attrib)
        assert files["PNG"][:8] == b"\x89PNG\r\n\x1a\n"
        width, height = struct.unpack(">II", files["PNG"][16:24])
        assert min(width, height) > 400


def test_a_saved_view_is_a_picture_without_the_warehouse(served: str) -> None:
    with visiting(served) as client:
        state = {
            "version": 1, "chain": "ethereum", "run": "r", "about": HOSTILE,
            "nodes": [
                {"address": A, "entity": HOSTILE, "note": HOSTILE, "x": 0, "y": 0},
                {"address": "gone", "x": 90, "y": 9},
            ],
            "edges": [{"source": 0, "target": 1, "transfers": 2, "usd": "12.5"}],
            "marks": [{"source": 0, "target": 1, "ordinals": [1, 2]}],
        }  # fmt: skip
        made = client.post("/api/v1/views", json={"title": "x", "state": state})
        assert made.status_code == 201
        found = client.get(f"/api/v1/views/{made.json()['id']}").json()
        assert found["version"] == 1
        svg = client.get(f"/api/v1/views/{made.json()['id']}.svg")
        words = "".join(ElementTree.fromstring(svg.content).itertext())
        assert "\\u202e" in words
        assert "\u202e" not in svg.text
        assert "<img" not in svg.text
        assert client.get(f"/api/v1/views/{made.json()['id']}.png").content[:4] == b"\x89PNG"
        for wrong in (
            {**state, "version": 2},
            {**state, "edges": [{"source": 0, "target": 2, "transfers": 1}]},
            {**state, "nodes": [{"address": A, "x": "1e999", "y": 0}], "edges": [], "marks": []},
            {**state, "nodes": [{"address": A, "x": -1_000_000, "y": 0}, {"address": B, "x": 1_000_000, "y": 0}]},
            {**state, "script": "x"},
        ):
            assert client.post("/api/v1/graph/picture?form=png", json=wrong).status_code == 422
            assert client.post("/api/v1/views", json={"title": "x", "state": wrong}).status_code == 422
        client.headers["x-csrf-token"] = "another"
        assert client.post("/api/v1/views", json={"title": "x", "state": state}).status_code == 403


def test_a_view_from_before_the_bounds_is_refused_and_brought_within(
    world: Settings, served: str, chromium: Browser
) -> None:
    """Places were not bounded when it was saved: its picture would take more memory than there is."""
    places = ((A, -1_000_000), (B, 1_000_000))
    state = {
        "version": 1, "chain": "ethereum", "run": "r", "nodes": [{"address": a, "x": x, "y": 0} for a, x in places],
        "edges": [{"source": 0, "target": 1, "transfers": 1}],
    }  # fmt: skip
    with closing(Store(world)) as store:
        view, _ = views.save(store, "somebody", "Far apart", state)
    with visiting(served) as client:
        for form in ("svg", "png"):
            answer = client.get(f"/api/v1/views/{view}.{form}")
            assert answer.status_code == 400
            assert "nodes.0.x" in answer.json()["detail"]
            assert "save it" in answer.json()["way_out"]
    with visit(chromium, served) as page:
        opened(page, f"/views/{view}")
        page.get_by_role("button", name="Save", exact=True).click()
        settled(page)
        assert "version 2" in page.locator("#said").inner_text()
    with visiting(served) as client:
        assert client.get(f"/api/v1/views/{view}.png").content[:4] == b"\x89PNG"


def test_hostile_names_are_words(served: str, chromium: Browser) -> None:
    with visit(chromium, served) as page:
        opened(page, f"{GRAPH}/{HUB}")
        page.get_by_label("Title").fill(HOSTILE)
        page.get_by_role("button", name="Save", exact=True).click()
        settled(page)
        page.reload()
        settled(page)
        node(page, "c00").click()
        page.locator("#nodes-box summary").click()
        page.locator("#edges-box summary").click()
        assert "onerror=alert(1)" in page.locator("#nodes").inner_text()
        assert "\u202e" not in page.locator("main").inner_text()
        assert page.locator("main img, main script, main b").count() == 0


def test_bounds_are_said(world: Settings, chromium: Browser) -> None:
    few = world.with_changes(explorer={"graph_nodes": 10, "graph_page": 8})
    with serving(few) as address_, visit(chromium, address_) as page:
        opened(page, f"{GRAPH}/{HUB}")
        assert len(shown(page)) == 9
        more = page.locator(".node.more")
        more.click()
        settled(page)
        assert len(shown(page)) == 10
        more.click()
        settled(page)
        assert "explorer.graph_nodes" in page.get_by_role("alert").inner_text()
        assert len(shown(page)) == 10
    few_edges = world.with_changes(explorer={"graph_edges": 10})
    with serving(few_edges) as address_, visit(chromium, address_) as page:
        opened(page, f"{GRAPH}/{HUB}")
        assert page.locator(".edge").count() == 10
        assert "edges of least value not drawn" in page.locator("#legend").inner_text()
    with serving(few) as address_, visiting(address_) as client:
        asked: dict[str, Any] = {"chain": "ethereum", "address": HUB, "limit": 11}
        assert "at most 10 nodes" in client.get("/api/v1/graph/expand", params=asked).json()["detail"]
        among = {"chain": "ethereum", "addresses": [f"a{n}" for n in range(11)]}
        assert client.post("/api/v1/graph/edges", json=among).status_code == 400
        asked |= {"limit": 1, "address": "0xabc"}
        assert client.get("/api/v1/graph/expand", params=asked).status_code == 404


def test_from_the_first_page_to_a_graph_that_grows(served: str, chromium: Browser) -> None:
    with visit(chromium, served) as page:
        page.goto("/")
        page.get_by_label("Search").fill(A)
        page.keyboard.press("Enter")
        page.get_by_role("link", name="Show in the graph").click()
        settled(page)
        assert shown(page) == {A, B, HUB}
        node(page, "B").locator(".grow").click()
        settled(page)
        assert shown(page) == {A, B, C, HUB}


def test_a_name_is_offered_while_it_is_typed(served: str, chromium: Browser) -> None:
    from playwright.sync_api import expect

    with visit(chromium, served) as page:
        opened(page, f"{GRAPH}/{D}")
        field = page.get_by_label("Add an address or a name")
        field.fill("mix")
        offered = page.locator("#add-hits option")
        expect(offered).to_have_count(1)
        assert offered.get_attribute("value") == "Mixer"
        field.fill("mixer")
        page.keyboard.press("Enter")
        settled(page)
        assert address("c01") in shown(page)


def test_a_view_is_offered_to_open_cases(world: Settings, chromium: Browser, tmp_path: Path) -> None:
    settings = world.with_changes(explorer={"database": f"sqlite:///{tmp_path / 'cases.sqlite'}"})
    with serving(settings) as address_, visit(chromium, address_) as page, closing(Store(settings)) as store:
        opened(page, f"{GRAPH}/{A}")
        form = page.locator("#into-case")
        assert not form.is_visible()
        page.get_by_label("Title").fill("Ways of A")
        page.get_by_role("button", name="Save", exact=True).click()
        settled(page)
        assert form.get_by_role("link", name="open one").get_attribute("href") == "/cases"
        assert form.get_by_role("button").count() == 0
        numbers = [cases.open_case(store, "rosa", title=f"case {n} {HOSTILE}") for n in range(52)]
        cases.merge(store, numbers[50], numbers[51], "rosa")
        page.reload()
        settled(page)
        options = page.get_by_label("Case").locator("option")
        assert options.count() == 50
        assert set(options.evaluate_all("(all) => all.map((one) => Number(one.value))")) == {
            *numbers[2:50],
            numbers[51],
            numbers[1],
        }
        assert (options.first.text_content() or "").startswith(f"{numbers[51]}: case 51")
        assert "\u202e" not in page.locator("main").inner_text()
        page.get_by_label("Case").select_option(str(numbers[7]))
        page.get_by_role("button", name="Put the saved view into the case").click()
        page.wait_for_url(f"**/cases/{numbers[7]}")
        assert page.get_by_role("link", name="Ways of A").is_visible()


def test_readers_see_what_investigators_save(world: Settings, chromium: Browser, tmp_path: Path) -> None:
    settings = world.with_changes(explorer={"database": f"sqlite:///{tmp_path / 'people.sqlite'}"})
    with closing(Store(settings)) as store:
        people.add(store, "rosa", "investigator", PASSWORD)
        people.add(store, "otto", "reader", PASSWORD)
    with serving(settings) as address_:
        with visit(chromium, address_) as page:
            sign_in(page, "rosa", f"{GRAPH}/{A}")
            page.get_by_label("Title").fill("For otto")
            page.get_by_role("button", name="Save", exact=True).click()
            settled(page)
            saved, path = picture(page), page.url.removeprefix(address_)
        with visit(chromium, address_) as page:
            sign_in(page, "otto", path)
            assert picture(page) == saved
            node(page, "HUB").locator(".grow").click()
            settled(page)
            assert len(shown(page)) > 20
            assert page.get_by_role("button", name="Save", exact=True).is_disabled()


def sign_in(page: Page, name: str, back: str) -> None:
    page.goto(back)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    settled(page)


def test_a_publication_in_between_mixes_nothing(world: Settings, chromium: Browser, tmp_path: Path) -> None:
    """A list goes on in its run; where that is gone it starts again, and all sums are of one run."""
    settings = load_settings(tmp_path / "data").with_changes(
        warehouse={"keep_published": 1}, reports={"each_run": False}, explorer={"graph_page": 2}
    )
    hops = [(n * 60, "HUB", f"c{n}", 100 - n) for n in range(5)]
    rows = [transfer(n, address(a), address(b), amount, at=at(when)) for n, (when, a, b, amount) in enumerate(hops, 1)]
    write_csv(tmp_path / "in" / "first.csv", rows)
    build(settings, tmp_path / "in")
    with serving(settings) as address_, visit(chromium, address_, refused=(410,)) as page:
        opened(page, f"{GRAPH}/{HUB}")
        first = page.locator("#legend p").inner_text()
        assert len(shown(page)) == 3
        write_csv(tmp_path / "in" / "second.csv", [transfer(99, HUB, address("c0"), 900, at=at(DAY))])
        build(settings, tmp_path / "in")
        for _ in range(3):
            node(page, "HUB").press("Enter")
            settled(page)
        assert len(shown(page)) == 6
        assert page.locator("#legend p").inner_text() != first
        assert told_on(page, "HUB", "c0").text_content() == "2×"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [1280, NARROW])
def test_everybody_can_use_it(served: str, chromium: Browser, scheme: Any, width: int) -> None:
    with visit(chromium, served, width=width, scheme=scheme) as page:
        opened(page, f"{GRAPH}/{HUB}")
        page.locator("#nodes-box summary").click()
        node(page, "c01").click()
        page.locator("#node-edges button").first.click()
        settled(page)
        assert faults_of(page) == []
        stops = tab_stops(page)
        # of the addresses of the picture one is a stop, and arrows lead to the others
        (reached,) = page.locator('.node[tabindex="0"]').all()
        assert (reached.get_attribute("aria-label") or "")[:60] in stops
        for name in ("Skip to content", "Add an address or a name", "Fit", "from", "All days", "Title", "Save"):
            assert name in stops


def test_the_checks_of_pages_can_fail(served: str, chromium: Browser) -> None:
    with visit(chromium, served) as page:
        opened(page, f"{GRAPH}/{HUB}")
        page.evaluate(
            """() => {
              const add = (html) => document.querySelector("main").insertAdjacentHTML("beforeend", html);
              add('<button></button><input id="undo"><img src="/static/icon.svg"><p id="pale">pale</p>');
              document.getElementById("pale").style.color = "#ddd";
              document.getElementById("pale").style.minWidth = "3000px";
            }"""
        )
        found = " ".join(faults_of(page))
        for fault in ("has no name: <button>", "stands twice: id undo", "alternative text", "contrast 1", "sideways"):
            assert fault in found
    with pytest.raises(AssertionError, match="asked the outside"):
        ask_the_outside(served, chromium)


def ask_the_outside(served: str, chromium: Browser) -> None:
    with visit(chromium, served) as page:
        opened(page, f"{GRAPH}/{HUB}")
        with page.expect_event("requestfailed"):
            page.evaluate("() => { location.href = 'http://outside.invalid/'; }")
