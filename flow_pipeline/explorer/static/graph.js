// The graph page: what people do with it becomes questions to the API, changes of the state, and a new picture.

import { html } from "./graph-html.js";
import {
  Graph, NODE, around, between, count, inOrder, keyOf, nameOf, relax, round, seen, short,
} from "./graph-model.js";
import { Panel } from "./graph-panel.js";
import { Picture } from "./graph-picture.js";

const by = (id) => document.getElementById(id);
const root = by("graph");
const svg = by("picture");
const given = JSON.parse(root.dataset.given);
const graph = new Graph(given);
const picture = new Picture(svg, given);
const selection = { nodes: [], edge: null, ways: [] };
const view = { id: null, version: null, saved: "" };
const DAY = 86_400_000;
const day = (index) => new Date(Date.parse(given.first) + index * DAY).toISOString().slice(0, 10);
const dayIndex = (text) => Math.round((Date.parse(text) - Date.parse(given.first)) / DAY);

function say(text) {
  by("said").textContent = text;
  by("trouble").textContent = "";
}

function complain(text) {
  by("said").textContent = "";
  by("trouble").textContent = text;
}

// Asking the API.

class Refusal extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

const query = (values) =>
  new URLSearchParams(Object.entries(values).filter(([, value]) => value !== null && value !== undefined));

async function ask(path, body = null, method = body ? "POST" : "GET", form = "json") {
  const headers = { accept: form === "json" ? "application/json" : "*/*" };
  if (body) {
    headers["content-type"] = "application/json";
    headers["x-csrf-token"] = document.querySelector('meta[name="csrf"]').content;
  }
  const answer = await fetch(`/api/v1/${path}`, { method, headers, body: body && JSON.stringify(body) });
  if (answer.ok) return form === "json" ? answer.json() : answer.blob();
  const problem = await answer.json().catch(() => ({}));
  const way = problem.way_out ? ` – ${problem.way_out}` : "";
  throw new Refusal(answer.status, `${problem.detail ?? answer.statusText}${way}`);
}

// What is asked for is done one after the other; a refusal is told and changes nothing.
let line = Promise.resolve();
let waiting = 0;
function doing(task) {
  svg.setAttribute("aria-busy", String(Boolean(++waiting)));
  line = line.then(task).catch((error) => {
    if (!(error instanceof Refusal)) console.error(error);
    complain(error.message);
  }).finally(() => svg.setAttribute("aria-busy", String(Boolean(--waiting))));
  return line;
}

// Nodes and edges.

const addressOf = (id) => id.slice(graph.state.chain.length + 1);

function factsOf({ entity, category, risk, risk_category, findings, counterparties }) {
  return { entity, category, risk, risk_category, findings, counterparties };
}

const asNode = (found, parent = null) => ({ ...NODE, address: found.address, ...factsOf(found), parent });

const asEdge = ({ source, target, transfers, usd, first_at, last_at }) =>
  ({ source: addressOf(source), target: addressOf(target), transfers, usd, first_at, last_at, inside: null });

const among = (addresses, days = {}) =>
  ask("graph/edges", { chain: graph.state.chain, addresses, tokens: false, ...days });

// What some nodes sent each other, in all days and in the days chosen, and who they are: all of one publication.
async function sums(addresses, window) {
  const all = await among(addresses);
  const edges = all.items.map(asEdge);
  if (window) {
    const part = await among(addresses, { first: window[0], last: window[1], whole: true });
    if (part.run !== all.run) return sums(addresses, window);
    const inside = new Map(part.items.map((edge) => [keyOf(asEdge(edge)), [edge.transfers, edge.usd]]));
    for (const edge of edges) edge.inside = inside.get(keyOf(edge)) ?? null;
  }
  return { edges, nodes: new Map(all.nodes.map((node) => [node.address, node])), run: all.run, left_out: all.left_out };
}

function take(state, found) {
  state.edges = found.edges;
  state.run = found.run;
  state.left_out = found.left_out;
  for (const node of state.nodes) Object.assign(node, factsOf(found.nodes.get(node.address) ?? node));
}

const shownWith = (more) => [...new Set([...graph.shown.map((node) => node.address), ...more])];

// How many more nodes the graph may show; none is a refusal, and so is less than `least`.
function room(least = 1) {
  const left = given.most - graph.shown.length;
  if (left >= least) return left;
  const shown = `the graph shows ${graph.shown.length} addresses, and more than ${given.most} can not be read`;
  throw new Refusal(400, `${shown} – hide some, or raise explorer.graph_nodes`);
}

// Bring the next counterparties of a node.
async function expand(address) {
  const node = graph.node(address);
  if (!node) return;
  if (node.more && !node.more.others) {
    say(`All counterparties of ${nameOf(node)} are here.`);
    return;
  }
  const wanted = { chain: graph.state.chain, address, limit: Math.min(given.page, room()) };
  let found;
  try {
    found = await ask(`graph/expand?${query({ ...wanted, cursor: node.more?.cursor })}`);
  } catch (error) {
    // the publication in which the list began is no longer kept: the list starts again, what is here stays
    if (error.status !== 410) throw error;
    found = await ask(`graph/expand?${query(wanted)}`);
  }
  const fresh = found.items.filter((item) => !graph.node(item.node.address));
  const added = fresh.map((item) => asNode(item.node, address));
  const facts = await sums(shownWith(added.map((one) => one.address)), graph.state.window);
  graph.change("expand", (state) => {
    state.nodes.push(...added);
    graph.node(address).more = { others: found.others, cursor: found.next_cursor };
    around(graph.node(address), added, state.nodes);
    take(state, facts);
    relax(graph, added);
  });
  show();
  if (lieOutside(added)) picture.fit();
  const words = count(added.length, "counterparty was", "counterparties were");
  const rest = found.others ? ` ${count(found.others, "other is", "others are")} left.` : "";
  say(`${words} added to ${nameOf(node)}; the graph shows ${graph.shown.length} addresses.${rest}`);
}

// Whether some nodes lie outside of what is seen.
function lieOutside(nodes) {
  const [x, y, scale] = picture.look;
  return nodes.some((node) => {
    const [sx, sy] = [node.x * scale + x, node.y * scale + y];
    return sx < 60 || sy < 30 || sx > svg.clientWidth - 60 || sy > svg.clientHeight - 30;
  });
}

// An address, or the addresses of a name, that was searched for.
async function add(text) {
  const addresses = await meant(text);
  const missing = addresses.filter((address) => !graph.node(address) || graph.node(address).hidden);
  by("add-text").value = "";
  if (!missing.length) {
    choose(addresses[0]);
    say(`${nameOf(graph.node(addresses[0]))} is in the graph already.`);
    return;
  }
  room(missing.length);
  const facts = await sums(shownWith(missing), graph.state.window);
  graph.change("add", (state) => {
    const below = Math.max(0, ...graph.shown.map((one) => one.y + 110));
    const made = missing.filter((address) => !graph.node(address)).map((address, index) =>
      ({ ...asNode(facts.nodes.get(address)), x: (index % 5) * 190, y: below + Math.floor(index / 5) * 60 }));
    for (const address of missing) if (graph.node(address)) graph.node(address).hidden = false;
    state.nodes.push(...made);
    take(state, facts);
    relax(graph, made);
  });
  choose(missing[0]);
  picture.fit();
  say(`${nameOf(graph.node(missing[0]))} was added${missing.length > 1 ? `, with ${missing.length} addresses` : ""}.`);
}

// Addresses that a text means: those of a name that is offered, else the address that it is.
async function meant(text) {
  const { chain } = graph.state;
  const hit = hits.get(text.toLowerCase()) ?? (await offers(text)).get(text.toLowerCase());
  if (hit?.kind === "entity") {
    const room = `entities/${encodeURIComponent(chain)}/${encodeURIComponent(hit.key)}/addresses`;
    const found = await ask(`${room}?${query({ limit: given.page })}`);
    const labelled = found.items.filter((item) => !item.is_deposit && item.transfers);
    if (labelled.length) return labelled.map((item) => item.address);
  }
  const { node } = await ask(`graph/expand?${query({ chain, address: hit?.key ?? text, limit: 0 })}`);
  return [node.address];
}

// What may be meant, by the words under which it is offered, in lower case.
let hits = new Map();
async function offers(text) {
  const found = new Map();
  if (text.length < 3) return found;
  const { items } = await ask(`search?${query({ q: text, limit: 10 })}`);
  for (const hit of items) {
    if (hit.chain !== graph.state.chain || !["address", "entity"].includes(hit.kind)) continue;
    const isWhole = hit.kind === "entity" || hit.title === hit.key;
    const words = isWhole ? seen(hit.title) : `${seen(hit.title)} ${short(hit.key)}`;
    found.set(words.toLowerCase(), { ...hit, words });
  }
  return found;
}

async function suggest(text) {
  if (hits.has(text.toLowerCase())) return;
  const found = await offers(text).catch(() => new Map());
  if (by("add-text").value.trim() !== text) return;
  hits = found;
  by("add-hits").replaceChildren(...[...hits.values()].map((hit) => html("option", { value: hit.words }, hit.detail)));
}

function hide(addresses) {
  const words = addresses.map((address) => nameOf(graph.node(address))).join(" and ");
  graph.change("hide", () => addresses.forEach((address) => { graph.node(address).hidden = true; }));
  selection.nodes = [];
  show();
  say(`${words} hidden.`);
}

async function unhide() {
  const hidden = graph.state.nodes.filter((node) => node.hidden);
  room(hidden.length);
  const facts = await sums(graph.state.nodes.map((node) => node.address), graph.state.window);
  graph.change("unhide", (state) => {
    for (const node of state.nodes) node.hidden = false;
    take(state, facts);
  });
  show();
  say(`${count(hidden.length, "address is", "addresses are")} shown again.`);
}

function pin(address) {
  const node = graph.node(address);
  graph.change("pin", () => { node.pinned = !node.pinned; });
  show();
  say(`${nameOf(node)} is ${node.pinned ? "pinned: it keeps its place" : "no longer pinned"}.`);
}

function note(address, text) {
  graph.change("note", () => { graph.node(address).note = text.trim(); });
  show(true, false);
  say("The note is kept with the graph.");
}

// A node that a hand has put somewhere stays there.
function put(address, [x, y]) {
  graph.change("move", () => Object.assign(graph.node(address), { x: round(x), y: round(y), pinned: true }));
  show(false);
}

// The days.

function setWindow(first, last) {
  const window = first <= 0 && last >= dayIndex(given.last) ? null : [day(first), day(last)];
  return doing(async () => {
    const facts = await sums(shownWith([]), window);
    graph.change("days", (state) => {
      state.window = window;
      take(state, facts);
    });
    show();
  });
}

const SOON = 150;
let sliding = 0;
function slide(moved) {
  const [from, to] = [by("from"), by("to")];
  if (Number(from.value) > Number(to.value)) (moved === from ? to : from).value = moved.value;
  tellDays();
  clearTimeout(sliding);
  svg.setAttribute("aria-busy", "true");
  sliding = setTimeout(() => setWindow(Number(from.value), Number(to.value)), SOON);
}

function tellDays() {
  const [first, last] = ["from", "to"].map((id) => day(Number(by(id).value)));
  by("days").textContent = `${first} to ${last}`;
  by("from").setAttribute("aria-valuetext", first);
  by("to").setAttribute("aria-valuetext", last);
}

function showDays() {
  const [from, to] = [by("from"), by("to")];
  const { window } = graph.state;
  from.max = to.max = dayIndex(given.last);
  from.value = window ? dayIndex(window[0]) : 0;
  to.value = window ? dayIndex(window[1]) : to.max;
  tellDays();
}

// Ways between two nodes.

async function findWays(first, last, hops, days) {
  const found = await ask(`graph/path?${query({ chain: graph.state.chain, from: first, to: last, hops, days })}`);
  const cuts = found.left_out.length ? ` Left out: ${found.left_out.join("; ")}.` : "";
  selection.ways = found.items;
  const ends = `from ${nameOf(graph.node(first))} to ${nameOf(graph.node(last))}`;
  if (!found.items.length) {
    show();
    say(`No way ${ends} within ${count(hops, "transfer")} and ${count(days, "day")}.${cuts}`);
    return;
  }
  await showWay(0);
  const legs = count(found.items[0].legs.length, "transfer");
  say(`${count(found.items.length, "way")} ${ends}; the one shown has ${legs}.${cuts}`);
}

async function showWay(index) {
  const { legs } = selection.ways[index];
  const named = [...new Set(legs.flatMap((leg) => [leg.from_address, leg.to_address]))];
  const fresh = named.filter((address) => !graph.node(address));
  if (fresh.length) room(fresh.length);
  const facts = await sums(shownWith(named), graph.state.window);
  graph.change("way", (state) => {
    const added = fresh.map((address) => asNode(facts.nodes.get(address), legs[0].from_address));
    for (const node of state.nodes) if (named.includes(node.address)) node.hidden = false;
    between(graph.node(named[0]), graph.node(legs.at(-1).to_address), added);
    state.nodes.push(...added);
    take(state, facts);
    state.marks = marksOf(legs.map((leg, place) => [leg.from_address, leg.to_address, place + 1]));
    relax(graph, added);
  });
  show();
  picture.fit();
}

function turn() {
  selection.nodes.reverse();
  selection.ways = [];
  show();
}

// Steps by their edge.
function marksOf(steps) {
  const marks = new Map();
  for (const [source, target, ordinal] of steps) {
    const mark = marks.get(`${source}>${target}`) ?? { source, target, ordinals: [] };
    mark.ordinals.push(ordinal);
    marks.set(`${source}>${target}`, mark);
  }
  return [...marks.values()];
}

// Beginning: an address, a finding, or a view that was saved.

async function begin() {
  const { address, finding, view: id } = given.start;
  if (id) await load(id);
  else if (finding) await beginWithFinding(finding);
  else await beginWithAddress(address);
  if (!id && graph.state.edges.every((edge) => edge.usd === null)) graph.state.weigh = "transfers";
  graph.past = [];
  view.saved = content();
  show();
  picture.fit();
}

async function beginWithAddress(address) {
  const { node } = await ask(`graph/expand?${query({ chain: given.chain, address, limit: 0 })}`);
  graph.state.about = `${node.entity ?? ""} ${address}`.trim();
  graph.state.nodes.push(asNode(node));
  selection.nodes = [address];
  show();
  await expand(address);
}

async function beginWithFinding(finding) {
  const found = await ask(`graph/finding/${encodeURIComponent(finding)}`);
  const ends = (edge) => [addressOf(edge.source), addressOf(edge.target)];
  const steps = found.edges.flatMap((edge) => edge.ordinals.map((place) => [...ends(edge), place]));
  steps.sort((a, b) => a[2] - b[2]);
  Object.assign(graph.state, {
    about: `${found.finding.typology} ${finding}: ${found.finding.reason ?? ""}`.slice(0, 500),
    run: found.run,
    nodes: found.nodes.map((node) => asNode(node)),
    edges: found.edges.map(asEdge),
    marks: marksOf(steps),
  });
  inOrder(graph.state.nodes, steps.map(([source, target]) => ({ source, target })));
  relax(graph, []);
  graph.hold();
  if (found.others) complain(`The finding has ${count(found.others, "address", "addresses")} more than a graph shows.`);
}

async function load(id) {
  const saved = await ask(`views/${encodeURIComponent(id)}`);
  graph.unpack(saved.state);
  by("title").value = saved.title;
  tellSaved(id, saved.version);
  const { run } = graph.state;
  if (run !== given.run)
    say(`The sums are of run ${run}, as they were saved. What is asked from here on is asked of run ${given.run}.`);
}

// Saving.

const content = () => JSON.stringify({ ...graph.packed(), run: "" });

async function save(isNew) {
  const title = by("title").value.trim();
  const state = { ...graph.packed(), about: graph.state.about || title };
  let answer;
  try {
    answer = view.id && !isNew
      ? await ask(`views/${encodeURIComponent(view.id)}`, { title, state, version: view.version }, "PUT")
      : await ask("views", { title, state });
  } catch (error) {
    if (error.status !== 409) throw error;
    const ways = "Save yours as a new view, or load the page again to see theirs.";
    throw new Refusal(409, `Somebody saved this view since you opened it. ${ways}`);
  }
  view.saved = content();
  tellSaved(answer.id, answer.version);
  history.replaceState(null, "", `/views/${encodeURIComponent(answer.id)}`);
  document.title = `${seen(title)} · netraflow`;
  by("heading").textContent = seen(title);
  say(`Saved as version ${answer.version}. The address of this page leads here.`);
}

function tellSaved(id, version) {
  Object.assign(view, { id, version });
  by("save-new").hidden = false;
  by("view-id").value = id;
  by("into-case").hidden = !given.may_save;
  const link = html("a", { href: `/views/${encodeURIComponent(id)}` }, "link to this view");
  by("saved").replaceChildren(`version ${version} · `, link);
}

async function download(form) {
  const blob = await ask(`graph/picture?form=${form}`, graph.packed(), "POST", "blob");
  const link = html("a", { href: URL.createObjectURL(blob), download: `graph-${graph.state.run}.${form}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  say(`The picture was made: ${form.toUpperCase()}, ${count(graph.shown.length, "address", "addresses")}.`);
}

// What is selected, and the whole page as the state is now.

function choose(address, isSecond = false) {
  const { nodes } = selection;
  const isPair = isSecond && nodes.length && !nodes.includes(address);
  Object.assign(selection, { nodes: isPair ? [nodes.at(-1), address] : [address], edge: null, ways: [] });
  show();
  picture.focusOn(address);
}

function chooseEdge(key) {
  Object.assign(selection, { nodes: [], edge: key, ways: [] });
  show();
  by("panel").querySelector("h2").focus();
}

const panel = new Panel(graph, selection, given, {
  ask, query, doing, choose, chooseEdge, hide, pin, note, turn,
  expand: (address) => doing(() => expand(address)),
  findWays: (...wanted) => doing(() => findWays(...wanted)),
  showWay: (index) => doing(() => showWay(index)),
});

function show(glides = true, isWhole = true) {
  selection.nodes = selection.nodes.filter((address) => graph.node(address) && !graph.node(address).hidden);
  picture.render(graph, selection, glides);
  const home = () => picture.focusOn(picture.focus);
  if (isWhole) panel.show(home);
  const hidden = graph.state.nodes.length - graph.shown.length;
  const able = { undo: graph.past.length, redo: graph.future.length, unhide: hidden };
  for (const [id, number] of Object.entries(able)) {
    // a control that falls away hands the keyboard to the picture
    if (!number && document.activeElement === by(id)) home();
    by(id).disabled = !number;
  }
  by("unhide").textContent = hidden ? `Show ${hidden} hidden` : "Show hidden";
  by("weigh").value = graph.state.weigh;
  root.dataset.nodes = graph.shown.length;
  root.dataset.edges = graph.drawn.length;
  showDays();
  panel.legend();
  panel.tables();
}

function step(way) {
  return doing(() => {
    const isDone = graph[way]();
    show();
    say(isDone ? (way === "undo" ? "Undone." : "Done again.") : `There is nothing to ${way}.`);
  });
}

// What hands do.

const keyAt = (target) => target.closest?.("[data-key]")?.dataset.key ?? null;
const fingers = new Map();
let held = null;

svg.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
  held = {
    x: event.clientX, y: event.clientY, moved: false, isSecond: event.shiftKey,
    target: event.target.closest(".node, .edge"), grows: Boolean(event.target.closest(".grow")),
  };
  svg.setPointerCapture(event.pointerId);
});

svg.addEventListener("pointermove", (event) => {
  if (!held || !fingers.has(event.pointerId)) return;
  const before = fingers.get(event.pointerId), now = [event.clientX, event.clientY];
  if (!held.moved && Math.hypot(now[0] - held.x, now[1] - held.y) < 4) return;
  held.moved = true;
  svg.classList.add("dragged");
  const node = held.target && graph.node(keyAt(held.target));
  const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
  if (other) {
    const wide = (place) => Math.hypot(place[0] - other[0], place[1] - other[1]) || 1;
    picture.zoom(wide(now) / wide(before), ...picture.inside(event));
  } else if (node) drag(node.address, now[0] - before[0], now[1] - before[1]);
  else picture.shift(now[0] - before[0], now[1] - before[1]);
  fingers.set(event.pointerId, now);
});

function drag(address, dx, dy) {
  const [x, y] = picture.at.get(address), scale = picture.look[2];
  picture.at.set(address, [x + dx / scale, y + dy / scale]);
  held.dragged = address;
  cancelAnimationFrame(held.frame);
  held.frame = requestAnimationFrame(() => picture.place(address));
}

function release(event) {
  fingers.delete(event.pointerId);
  if (!held || fingers.size) return;
  const { target, grows, moved, isSecond, dragged } = held;
  held = null;
  svg.classList.remove("dragged");
  const key = target && keyAt(target);
  if (dragged) put(dragged, picture.at.get(dragged));
  else if (moved || event.type === "pointercancel" || !key) return;
  else if (target.classList.contains("edge")) chooseEdge(key);
  else act(key, isSecond, grows);
}

// A node is selected, and expanded where its sign for that was meant; a fold opens.
function act(key, isSecond, grows = false) {
  if (!graph.node(key)) {
    picture.focusOn(key);
    doing(() => expand(key.slice("more:".length)));
    return;
  }
  choose(key, isSecond);
  if (grows) doing(() => expand(key));
}

svg.addEventListener("pointerup", release);
svg.addEventListener("pointercancel", release);
svg.addEventListener("dblclick", (event) => {
  const key = keyAt(event.target);
  if (graph.node(key)) doing(() => expand(key));
});
// Assistive technology clicks without a pointer.
svg.addEventListener("click", (event) => {
  const key = event.detail === 0 && keyAt(event.target);
  if (key) act(key, event.shiftKey);
});
svg.addEventListener("wheel", (event) => {
  event.preventDefault();
  picture.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), ...picture.inside(event));
}, { passive: false });
svg.addEventListener("focusin", (event) => {
  const key = keyAt(event.target);
  if (key) picture.focus = key;
});

const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
const KEYS = {
  Enter: (key, node) => doing(() => expand(node ? key : key.slice("more:".length))),
  " ": (key, node, isSecond) => act(key, isSecond),
  h: (key, node) => node && hide([key]),
  p: (key, node) => node && pin(key),
  n: (key, node) => node && lead(key, "note"),
  e: (key, node) => node && lead(key, "node-edges"),
  f: () => picture.fit(),
  "+": () => picture.zoom(1.25),
  "-": () => picture.zoom(0.8),
  Escape: () => {
    Object.assign(selection, { nodes: [], edge: null, ways: [] });
    show();
  },
};

// From a node of the picture to a part of its panel.
function lead(key, id) {
  choose(key);
  const part = by(id);
  (part.querySelector("button") ?? part).focus();
}

svg.addEventListener("keydown", (event) => {
  const key = keyAt(event.target);
  if (!key) return;
  const node = graph.node(key), way = ARROWS[event.key], isCommand = event.ctrlKey || event.metaKey;
  const does = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (way && event.altKey && node) put(key, [node.x + way[0] * 12, node.y + way[1] * 12]);
  else if (way && isCommand) picture.shift(-way[0] * 60, -way[1] * 60);
  else if (way) picture.focusOn(picture.next(event.key) ?? key);
  else if (does && !isCommand && !event.altKey) does(key, node, event.shiftKey);
  else return;
  event.preventDefault();
  // a node that went away leaves the keyboard with another
  if (document.activeElement === document.body) picture.focusOn(picture.focus);
});

by("panel").addEventListener("keydown", (event) => {
  if (event.key === "Escape") picture.focusOn(selection.nodes.at(-1) ?? picture.focus);
});

document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.target.matches("input, textarea")) return;
  const letter = event.key.toLowerCase();
  if (letter !== "z" && letter !== "y") return;
  event.preventDefault();
  step(letter === "y" || event.shiftKey ? "redo" : "undo");
});

function onClick(id, does) {
  by(id).addEventListener("click", does);
}

function onSubmit(id, does) {
  by(id).addEventListener("submit", (event) => {
    event.preventDefault();
    doing(does);
  });
}

onClick("undo", () => step("undo"));
onClick("redo", () => step("redo"));
onClick("closer", () => picture.zoom(1.25));
onClick("farther", () => picture.zoom(0.8));
onClick("fit", () => picture.fit());
onClick("unhide", () => doing(unhide));
onClick("svg", () => doing(() => download("svg")));
onClick("png", () => doing(() => download("png")));
onClick("all-days", () => setWindow(0, dayIndex(given.last)));
onClick("save-new", () => by("save").reportValidity() && doing(() => save(true)));
onSubmit("save", () => save(false));
onSubmit("add", () => add(by("add-text").value.trim()));
by("add-text").addEventListener("input", () => suggest(by("add-text").value.trim()));
for (const id of ["from", "to"]) by(id).addEventListener("input", () => slide(by(id)));
by("weigh").addEventListener("change", () => {
  graph.change("weigh", (state) => { state.weigh = by("weigh").value; });
  show();
});
addEventListener("resize", () => picture.fit());
addEventListener("beforeunload", (event) => {
  if (given.may_save && graph.past.length && content() !== view.saved) event.preventDefault();
});

doing(begin);
