// The graph page: what people do with it becomes questions to the API, changes of the state, and a new picture.

import { Graph, NODE, around, between, cut, inOrder, keyOf, listed, money, nameOf, relax, round, seen, short } from "./graph-model.js";
import { Picture, element } from "./graph-picture.js";

const root = document.getElementById("graph");
const given = JSON.parse(root.dataset.given);
const by = (id) => document.getElementById(id);
const graph = new Graph(given);
const picture = new Picture(by("picture"), given);
const selection = { nodes: [], edge: null };
const view = { id: null, version: null };
let savedAs = "";
let ways = [];

function html(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "onclick") made.addEventListener("click", value);
    else if (value !== false && value !== null) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== false));
  return made;
}

const button = (text, onclick, more = {}) => html("button", { type: "button", ...more, onclick }, text);
const said = (text) => { by("said").textContent = text; by("trouble").textContent = ""; };
const trouble = (text) => { by("trouble").textContent = text; by("said").textContent = ""; };
const idOf = (address) => `${graph.state.chain}:${address}`;
const addressOf = (id) => id.slice(graph.state.chain.length + 1);
const pagePath = (address) => `/addresses/${encodeURIComponent(graph.state.chain)}/${encodeURIComponent(address)}`;
const day = (index) => new Date(Date.parse(given.first) + index * 86_400_000).toISOString().slice(0, 10);
const when = (text) => (text ? text.slice(0, 16).replace("T", " ") : "–");

class Refusal extends Error {
  constructor(status, text) { super(text); this.status = status; }
}

async function ask(path, body = null, method = body ? "POST" : "GET", form = "json") {
  const headers = { accept: form === "json" ? "application/json" : "*/*" };
  if (body) Object.assign(headers, {
    "content-type": "application/json",
    "x-csrf-token": document.querySelector('meta[name="csrf"]').content,
  });
  const answer = await fetch(`/api/v1/${path}`, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    const way = problem.way_out ? ` – ${problem.way_out}` : "";
    throw new Refusal(answer.status, `${problem.detail ?? answer.statusText}${way}`);
  }
  return form === "json" ? answer.json() : answer.blob();
}

// What is asked for is done one after the other; a refusal is told and changes nothing.
let line = Promise.resolve();
let waiting = 0;
function doing(task) {
  by("picture").setAttribute("aria-busy", String(Boolean(++waiting)));
  line = line.then(task).catch((error) => {
    if (!(error instanceof Refusal)) console.error(error);
    trouble(error.message);
  }).finally(() => by("picture").setAttribute("aria-busy", String(Boolean(--waiting))));
  return line;
}

const query = (values) => new URLSearchParams(Object.entries(values).filter(([, value]) => value !== null && value !== undefined));

// Nodes and edges.

function asNode(found, parent = null) {
  const { address, entity, category, risk, risk_category, findings, counterparties } = found;
  return { ...NODE, address, entity, category, risk, risk_category, findings, counterparties, parent };
}

const asEdge = ({ source, target, transfers, usd, first_at, last_at }) =>
  ({ source: addressOf(source), target: addressOf(target), transfers, usd, first_at, last_at, inside: null });

const among = (addresses, days = {}) =>
  ask("graph/edges", { chain: graph.state.chain, addresses, tokens: false, ...days });

// What the nodes shown sent each other, in all days and in the days chosen, and who they are: all of one publication.
async function sums(addresses, window) {
  const all = await among(addresses);
  const edges = all.items.map(asEdge);
  if (window) {
    const part = await among(addresses, { first: window[0], last: window[1] });
    if (part.run !== all.run) return sums(addresses, window);
    const inside = new Map(part.items.map((edge) => [keyOf(asEdge(edge)), [edge.transfers, edge.usd]]));
    for (const edge of edges) edge.inside = inside.get(keyOf(edge)) ?? null;
  }
  return { edges, nodes: new Map(all.nodes.map((node) => [node.address, node])), run: all.run };
}

function take(state, found) {
  state.edges = found.edges;
  state.run = found.run;
  for (const node of state.nodes) {
    const { entity, category, risk, risk_category, findings, counterparties } = found.nodes.get(node.address) ?? node;
    Object.assign(node, { entity, category, risk, risk_category, findings, counterparties });
  }
}

const shownWith = (more) => [...new Set([...graph.shown.map((node) => node.address), ...more])];

function room() {
  const left = given.most - graph.shown.length;
  if (left <= 0)
    throw new Refusal(400, `the graph shows ${given.most} addresses, more can not be read – hide some, or raise explorer.graph_nodes`);
  return left;
}

// Bring the next counterparties of a node.
async function expand(address, kind = "expand") {
  const node = graph.node(address);
  if (node.more && !node.more.others) return said(`All ${node.counterparties.toLocaleString("en")} counterparties of ${nameOf(node)} are here.`);
  const asked = { chain: graph.state.chain, address, limit: Math.min(given.page, room()) };
  let found;
  try {
    found = await ask(`graph/expand?${query({ ...asked, cursor: node.more?.cursor })}`);
  } catch (error) {
    // the publication that the list began in is no longer kept: the list starts again, what is here stays
    if (error.status !== 410) throw error;
    found = await ask(`graph/expand?${query(asked)}`);
  }
  const added = found.items.filter((item) => !graph.node(item.node.address)).map((item) => asNode(item.node, address));
  const facts = await sums(shownWith(added.map((one) => one.address)), graph.state.window);
  graph.change(kind, (state) => {
    state.nodes.push(...added);
    graph.node(address).more = { others: found.others, cursor: found.next_cursor };
    around(graph.node(address), added, state.nodes);
    take(state, facts);
    if (!given.start.finding && !view.id && state.nodes.length === added.length + 1) state.nodes[0].pinned = false;
    relax(graph, added);
  });
  show();
  if (isCrowded(added)) picture.fit();
  const rest = found.others ? ` ${found.others.toLocaleString("en")} others are left.` : "";
  said(`${added.length} counterparties of ${nameOf(node)} were added; the graph shows ${graph.shown.length} addresses.${rest}`);
}

// Whether some of what was added lies outside of what is seen.
function isCrowded(added) {
  const [x, y, scale] = picture.look;
  const { clientWidth, clientHeight } = by("picture");
  return added.some((node) => {
    const [sx, sy] = [node.x * scale + x, node.y * scale + y];
    return sx < 60 || sy < 30 || sx > clientWidth - 60 || sy > clientHeight - 30;
  });
}

// An address that was searched for.
async function add(text) {
  let address = text.trim();
  const hit = hits.get(address);
  if (hit) address = hit;
  room();
  const { node } = await ask(`graph/expand?${query({ chain: graph.state.chain, address, limit: 0 })}`);
  const known = graph.node(node.address);
  if (known && !known.hidden) {
    choose(node.address);
    picture.focusOn(node.address);
    return said(`${nameOf(known)} is in the graph already.`);
  }
  const facts = await sums(shownWith([node.address]), graph.state.window);
  graph.change("add", (state) => {
    if (known) graph.node(node.address).hidden = false;
    else {
      const made = asNode(node);
      made.y = Math.max(0, ...graph.shown.map((one) => one.y + 110));
      state.nodes.push(made);
      take(state, facts);
      return relax(graph, [made]);
    }
    take(state, facts);
  });
  choose(node.address);
  picture.fit();
  by("add-text").value = "";
  return said(`${nameOf(graph.node(node.address))} was added.`);
}

const hits = new Map();
let lastAsked = "";
async function suggest(text) {
  if (text.length < 3 || hits.has(text) || text === lastAsked) return;
  lastAsked = text;
  const found = await ask(`search?${query({ q: text, limit: 10 })}`).catch(() => null);
  if (!found || by("add-text").value !== text) return;
  hits.clear();
  const places = found.items.filter((hit) => hit.kind === "address" && hit.chain === graph.state.chain);
  by("add-hits").replaceChildren(...places.map((hit) => {
    const name = hit.title && hit.title !== hit.key ? `${seen(hit.title)} ${short(hit.key)}` : hit.key;
    hits.set(name, hit.key);
    return html("option", { value: name });
  }));
}

function hide(addresses) {
  graph.change("hide", () => addresses.forEach((address) => { graph.node(address).hidden = true; }));
  const words = addresses.map((address) => nameOf(graph.node(address))).join(" and ");
  selection.nodes = [];
  show();
  said(`${words} hidden.`);
}

async function unhide() {
  const hidden = graph.state.nodes.filter((node) => node.hidden);
  if (hidden.length > room()) throw new Refusal(400, `with its ${hidden.length} hidden addresses the graph would have more than ${given.most} – undo brings them back step by step`);
  const facts = await sums(graph.state.nodes.map((node) => node.address), graph.state.window);
  graph.change("unhide", (state) => {
    for (const node of state.nodes) node.hidden = false;
    take(state, facts);
  });
  show();
  said(`${hidden.length} addresses are shown again.`);
}

function pin(address) {
  graph.change("pin", () => { graph.node(address).pinned = !graph.node(address).pinned; });
  show();
  said(`${nameOf(graph.node(address))} is ${graph.node(address).pinned ? "pinned: it keeps its place" : "no longer pinned"}.`);
}

function note(address, text) {
  graph.change("note", () => { graph.node(address).note = text.trim().slice(0, 500); });
  show(true, false);
  said("The note is kept with the graph.");
}

// The days.

function setWindow(first, last) {
  const count = Number(by("from").max);
  const window = first <= 0 && last >= count ? null : [day(first), day(last)];
  return doing(async () => {
    const facts = await sums(shownWith([]), window);
    graph.change("days", (state) => {
      state.window = window;
      take(state, facts);
    });
    show();
  });
}

let sliding = 0;
function slide(moved) {
  const [from, to] = [by("from"), by("to")];
  if (Number(from.value) > Number(to.value)) (moved === from ? to : from).value = moved.value;
  tellDays();
  clearTimeout(sliding);
  sliding = setTimeout(() => setWindow(Number(from.value), Number(to.value)), 150);
}

function tellDays() {
  const [first, last] = [day(Number(by("from").value)), day(Number(by("to").value))];
  by("days").textContent = `${first} to ${last}`;
  by("from").setAttribute("aria-valuetext", first);
  by("to").setAttribute("aria-valuetext", last);
}

// Ways between two nodes.

async function findWays(first, last, hops, days) {
  const found = await ask(`graph/path?${query({ chain: graph.state.chain, from: first, to: last, hops, days })}`);
  ways = found.items;
  const cut = found.left_out.length ? ` Left out: ${found.left_out.join("; ")}.` : "";
  if (!ways.length) return said(`No way from ${nameOf(graph.node(first))} to ${nameOf(graph.node(last))} within ${hops} transfers and ${days} days.${cut}`);
  await showWay(0);
  return said(`${ways.length} ${ways.length === 1 ? "way" : "ways"}; the shortest has ${ways[0].legs.length} transfers.${cut}`);
}

async function showWay(index) {
  const { legs } = ways[index];
  const named = [...new Set(legs.flatMap((leg) => [leg.from_address, leg.to_address]))];
  const fresh = named.filter((address) => !graph.node(address));
  if (fresh.length > 0 && fresh.length > room()) room();
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
  else {
    const { node } = await ask(`graph/expand?${query({ chain: given.chain, address, limit: 0 })}`);
    graph.state.about = `${node.entity ?? ""} ${address}`.trim();
    graph.state.nodes.push(asNode(node));
    show();
    await expand(address);
    graph.past = [];
  }
  if (!id && graph.state.edges.every((edge) => edge.usd === null)) graph.state.weigh = "transfers";
  savedAs = content();
  selection.nodes = address ? [address] : [];
  show();
  picture.fit();
}

async function beginWithFinding(finding) {
  const found = await ask(`graph/finding/${encodeURIComponent(finding)}`);
  graph.state.about = `${found.finding.typology} ${finding}: ${found.finding.reason ?? ""}`.slice(0, 500);
  graph.state.run = found.run;
  graph.state.nodes = found.nodes.map((node) => asNode(node));
  graph.state.edges = found.edges.map(asEdge);
  const steps = found.edges.flatMap((edge) => edge.ordinals.map((place) => [addressOf(edge.source), addressOf(edge.target), place]));
  steps.sort((a, b) => a[2] - b[2]);
  graph.state.marks = marksOf(steps);
  inOrder(graph.state.nodes, steps.map(([source, target]) => ({ source, target })));
  relax(graph, []);
  if (found.others) trouble(`The finding has ${found.others} further addresses: the graph shows ${given.most}.`);
}

async function load(id) {
  const saved = await ask(`views/${encodeURIComponent(id)}`);
  graph.unpack(saved.state);
  Object.assign(view, { id, version: saved.version });
  by("title").value = saved.title;
  tellSaved(saved);
  if (graph.state.run !== given.run)
    said(`The sums are of run ${graph.state.run}, as they were saved. What is done from here on is asked of run ${given.run}.`);
}

// Saving.

const content = () => JSON.stringify({ ...graph.packed(), run: "" });

async function save(isNew) {
  const title = by("title").value.trim();
  const state = { ...graph.packed(), about: graph.state.about || title };
  const isKnown = view.id && !isNew;
  let answer;
  try {
    answer = isKnown
      ? await ask(`views/${encodeURIComponent(view.id)}`, { title, state, version: view.version }, "PUT")
      : await ask("views", { title, state });
  } catch (error) {
    if (error.status === 409)
      throw new Refusal(409, "Somebody saved this view since you opened it. Save yours as a new view, or load the page again to see theirs.");
    throw error;
  }
  Object.assign(view, { id: answer.id, version: answer.version });
  savedAs = content();
  history.replaceState(null, "", `/views/${encodeURIComponent(answer.id)}`);
  document.title = `${title} · netraflow`;
  by("heading").textContent = title;
  tellSaved(answer);
  said(`Saved as version ${answer.version}. The address of this page leads here.`);
}

function tellSaved(answer) {
  by("save-new").hidden = false;
  const link = html("a", { href: `/views/${encodeURIComponent(view.id)}` }, "link to this view");
  by("saved").replaceChildren(`version ${answer.version} · `, link);
}

async function download(form) {
  const blob = await ask(`graph/picture?form=${form}`, graph.packed(), "POST", "blob");
  const link = html("a", { href: URL.createObjectURL(blob), download: `graph-${graph.state.run}.${form}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  said(`The picture was made: ${form.toUpperCase()}, ${graph.shown.length} addresses.`);
}

// The panel beside the picture.

function choose(address, isSecond = false) {
  if (isSecond && selection.nodes.length && !selection.nodes.includes(address)) selection.nodes = [selection.nodes.at(-1), address];
  else selection.nodes = [address];
  selection.edge = null;
  ways = [];
  show();
}

// The panel is made anew; whoever stands in it with the keyboard stays on what has the same name, else goes to the node.
function panel() {
  const held = by("panel").contains(document.activeElement) ? document.activeElement.id : null;
  const { nodes, edge } = selection;
  const known = nodes.map((address) => graph.node(address)).filter((node) => node && !node.hidden);
  const found = edge && graph.drawn.find((one) => keyOf(one) === edge);
  if (found) edgePanel(found);
  else if (known.length === 2) by("panel").replaceChildren(...pairPanel(...known));
  else if (known.length === 1) by("panel").replaceChildren(...nodePanel(known[0]));
  else {
    const words = "Nothing is selected. A click selects an address or an edge; + brings the counterparties.";
    by("panel").replaceChildren(html("p", { class: "soft" }, words));
  }
  if (held === null) return;
  const same = held && by("panel").querySelector(`#${held}:not(:disabled)`);
  if (same) same.focus();
  else picture.focusOn(picture.focus);
}

const fact = (name, ...value) => html("div", {}, html("dt", {}, name), html("dd", {}, ...value));
const hash = (text) => html("code", {}, seen(text));

function nodePanel(node) {
  const { address } = node;
  const left = node.more ? node.more.others : node.counterparties;
  const next = Math.min(given.page, left);
  const edges = graph.drawn.filter((edge) => edge.source === address || edge.target === address);
  edges.sort((a, b) => graph.value(b) - graph.value(a) || keyOf(a).localeCompare(keyOf(b)));
  const text = html("textarea", { id: "note", rows: 2, maxlength: 500, "aria-labelledby": "note-title" });
  text.value = node.note;
  text.addEventListener("change", () => note(address, text.value));
  return [
    html("h2", {}, cut(nameOf(node), 80)),
    html("p", {}, html("a", { href: pagePath(address) }, hash(address))),
    html("dl", { class: "facts" },
      fact("Category", seen(node.category ?? "no label").replace("_", " ")),
      fact("Risk", node.risk_category ? `${node.risk_category} ${node.risk.toFixed(2)}` : "–"),
      fact("Findings", String(node.findings)), fact("Counterparties", node.counterparties.toLocaleString("en"))),
    html("div", { class: "does" },
      button(node.more ? `Next ${next} of ${left.toLocaleString("en")}` : `Expand (${left.toLocaleString("en")})`, () => doing(() => expand(address)), { id: "expand", disabled: left <= 0 }),
      button("Hide", () => hide([address]), { class: "quiet", id: "hide" }),
      button(node.pinned ? "Unpin" : "Pin", () => pin(address), { class: "quiet", id: "pin" })),
    html("h3", { id: "note-title" }, "Note"), text,
    html("h3", {}, edges.length ? `What it sent and received here (${edges.length})` : "No transfers with the addresses shown"),
    html("ul", { id: "node-edges" }, ...edges.map((edge) => html("li", {}, edgeButton(edge, address)))),
  ];
}

function edgeButton(edge, from = null) {
  const isOut = edge.source === from;
  const other = graph.node(isOut ? edge.target : edge.source);
  const words = from ? `${isOut ? "→" : "←"} ${cut(nameOf(other), 40)}` : `${nameOf(graph.node(edge.source))} → ${nameOf(graph.node(edge.target))}`;
  const spoken = from ? `${isOut ? "to" : "from"} ${nameOf(other)}, ${worth(edge)}: transfers` : `${words}: transfers`;
  return button(from ? `${words}, ${worth(edge)}` : words, () => chooseEdge(keyOf(edge)), { class: "link", "aria-label": spoken });
}

function worth(edge) {
  if (graph.isOutside(edge)) return "none in these days";
  const [transfers, usd] = graph.state.window ? edge.inside : [edge.transfers, edge.usd];
  return `${transfers.toLocaleString("en")} ${transfers === 1 ? "transfer" : "transfers"}${usd === null ? "" : `, ${money(Number(usd))}`}`;
}

function chooseEdge(key) {
  Object.assign(selection, { nodes: [], edge: key });
  show();
  by("panel").querySelector("h2")?.focus();
}

function pairPanel(first, last) {
  const hops = html("input", { id: "hops", type: "number", min: 1, max: given.hops, value: given.path_hops, required: true });
  const days = html("input", { id: "way-days", type: "number", min: 1, step: "any", value: given.path_days, required: true });
  const form = html("form", { class: "row", id: "ways" },
    html("label", {}, "transfers at most", hops), html("label", {}, "days at most", days), html("button", {}, "Find ways"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    doing(() => findWays(first.address, last.address, hops.value, days.value).then(panel));
  });
  return [
    html("h2", {}, `${cut(nameOf(first), 30)} → ${cut(nameOf(last), 30)}`),
    html("p", { class: "soft" }, "A way is made of transfers of which none is before the one before it."),
    form,
    html("ul", { id: "found-ways" }, ...ways.map(({ legs }, index) => html("li", {},
      button(`${legs.length} ${legs.length === 1 ? "transfer" : "transfers"}, ${when(legs[0].block_timestamp)} to ${when(legs.at(-1).block_timestamp)}`, () => doing(() => showWay(index)), { class: "link" })))),
    html("div", { class: "does" },
      button("Other direction", () => { selection.nodes.reverse(); ways = []; show(); }, { class: "quiet", id: "turn" }),
      button("Hide both", () => hide([first.address, last.address]), { class: "quiet" })),
  ];
}

let asked = 0;
function edgePanel(edge) {
  const key = keyOf(edge);
  const [source, target] = [graph.node(edge.source), graph.node(edge.target)];
  const window = graph.state.window ? { first: graph.state.window[0], last: graph.state.window[1] } : {};
  const tokens = html("tbody"), transfers = html("tbody");
  const more = button("More", () => doing(next), { class: "quiet", id: "more-transfers", hidden: true });
  const ordinals = graph.mark(edge)?.ordinals;
  const number = (text) => html("td", { class: "number" }, text);
  let cursor = null;
  const mine = ++asked;
  async function next() {
    const answer = await ask(`graph/transfers?${query({ chain: graph.state.chain, source: source.address, target: target.address, ...window, limit: 50, cursor })}`);
    if (mine !== asked) return;
    transfers.append(...answer.items.map((row) => html("tr", {},
      html("td", { class: "time" }, when(row.block_timestamp)), number(amount(row.amount)),
      html("td", {}, seen(row.token_symbol ?? short(row.token_address ?? ""))), number(row.amount_usd === null ? "–" : money(Number(row.amount_usd))),
      html("td", {}, html("a", { href: `/transactions/${encodeURIComponent(graph.state.chain)}/${encodeURIComponent(row.tx_hash)}` }, short(row.tx_hash))))));
    cursor = answer.next_cursor;
    more.hidden = !cursor;
  }
  by("panel").replaceChildren(...[
    html("h2", { tabindex: -1 }, `${cut(nameOf(source), 40)} → ${cut(nameOf(target), 40)}`),
    html("p", {}, worth(edge), graph.state.window ? html("span", { class: "soft" }, ` (in all days ${edge.transfers.toLocaleString("en")})`) : null),
    ordinals?.length ? html("p", {}, `In the order shown: ${listed(ordinals)}`) : null,
    html("div", { class: "does" }, ...[source, target].map((node) => button(cut(nameOf(node), 24), () => { choose(node.address); picture.focusOn(node.address); }, { class: "quiet" }))),
    html("h3", {}, "Per token"),
    html("div", { class: "table" }, html("table", { id: "tokens", "aria-label": "Sums per token" },
      html("thead", {}, html("tr", {}, ...["Token", "Transfers", "Amount", "USD"].map((name) => html("th", { scope: "col" }, name)))), tokens)),
    html("h3", {}, "Transfers"),
    html("div", { class: "table" }, html("table", { id: "transfers", "aria-label": "Transfers" },
      html("thead", {}, html("tr", {}, ...["Time, UTC", "Amount", "Token", "USD", "Transaction"].map((name) => html("th", { scope: "col" }, name)))), transfers)),
    more,
  ].filter(Boolean));
  doing(async () => {
    const found = await ask("graph/edges", { chain: graph.state.chain, addresses: [source.address, target.address], ...window });
    if (mine !== asked) return;
    const one = found.items.find((item) => keyOf(asEdge(item)) === key);
    tokens.append(...(one?.tokens ?? []).map((row) => html("tr", {},
      html("td", {}, seen(row.token_symbol ?? short(row.token_address ?? ""))), number(row.transfers.toLocaleString("en")),
      number(row.amount === null ? "–" : amount(row.amount)), number(row.usd === null ? "–" : money(Number(row.usd))))));
    await next();
  });
}

// An exact amount, without zeros at its end.
const amount = (text) => {
  if (text === null) return "–";
  const [whole, part = ""] = text.split(".");
  const rest = part.replace(/0+$/, "");
  return `${BigInt(whole).toLocaleString("en")}${rest && `.${rest}`}`;
};

// The whole page, as the state is now.

function show(glides = true, isWhole = true) {
  selection.nodes = selection.nodes.filter((address) => graph.node(address) && !graph.node(address).hidden);
  picture.render(graph, selection, glides);
  if (isWhole) panel();
  const hidden = graph.state.nodes.filter((node) => node.hidden).length;
  const able = { undo: graph.past.length, redo: graph.future.length, unhide: hidden };
  for (const [id, count] of Object.entries(able)) {
    // a control that falls away hands the keyboard to the picture
    if (!count && document.activeElement === by(id)) picture.focusOn(picture.focus);
    by(id).disabled = !count;
  }
  by("unhide").textContent = hidden ? `Show ${hidden} hidden` : "Show hidden";
  by("weigh").value = graph.state.weigh;
  root.dataset.nodes = graph.shown.length;
  root.dataset.edges = graph.drawn.length;
  showDays();
  legend();
  tables();
}

function showDays() {
  const count = Math.round((Date.parse(given.last) - Date.parse(given.first)) / 86_400_000);
  const [from, to] = [by("from"), by("to")];
  if (document.activeElement !== from && document.activeElement !== to) {
    from.max = to.max = count;
    const place = (text) => Math.round((Date.parse(text) - Date.parse(given.first)) / 86_400_000);
    from.value = graph.state.window ? place(graph.state.window[0]) : 0;
    to.value = graph.state.window ? place(graph.state.window[1]) : count;
  }
  tellDays();
}

function legend() {
  const used = new Set(graph.shown.map((node) => (node.category in given.looks ? node.category : node.category ? "other" : "unlabelled")));
  const items = Object.entries(given.looks).filter(([name]) => used.has(name)).map(([name, look]) => {
    const shape = element("svg", { viewBox: "-1.2 -1.2 2.4 2.4", "aria-hidden": "true" }, element("path", { d: look.shape, class: `fill-${name}` }));
    return html("span", {}, shape, name === "unlabelled" ? given.words[name] : `${name.replace("_", " ")}: ${given.words[name]}`);
  });
  const words = [
    graph.state.weigh === "usd" ? "Width: US dollars of the transfers with a price, log scale; dotted: none has one." : "Width: number of transfers, log scale.",
    graph.state.window ? "Pale: no transfer in the days chosen." : "",
    graph.shown.some((node) => given.high.includes(node.risk_category)) ? "Dashed ring: high or critical risk." : "",
    graph.state.marks.length ? "Yellow with numbers: the transfers in their order." : "",
    `Sums of run ${graph.state.run}.`,
  ];
  by("legend").replaceChildren(...items, html("p", {}, words.filter(Boolean).join(" ")));
}

function tables() {
  const cell = (text, kind = null) => html("td", { class: kind }, text);
  const nodes = graph.state.nodes.map((node) => html("tr", {},
    html("td", {}, node.hidden ? hash(node.address) : button(seen(node.address), () => { choose(node.address); picture.focusOn(node.address); }, { class: "link" })),
    cell(seen(node.entity ?? "–")), cell(seen(node.category ?? "–").replace("_", " ")), cell(node.risk_category ?? "–"),
    cell(String(node.findings), "number"), cell(node.counterparties.toLocaleString("en"), "number"),
    cell([node.hidden && "hidden", node.pinned && "pinned", node.more && "expanded", node.note && `note: ${seen(node.note)}`].filter(Boolean).join(", ") || "–")));
  by("nodes").tBodies[0].replaceChildren(...nodes);
  const hidden = graph.state.nodes.length - graph.shown.length;
  by("nodes-title").textContent = `Addresses as a table: ${graph.shown.length} shown, ${hidden} hidden`;
  const edges = graph.drawn.map((edge) => html("tr", {},
    html("td", {}, edgeButton(edge)),
    cell((graph.state.window ? edge.inside?.[0] ?? 0 : edge.transfers).toLocaleString("en"), "number"),
    cell((graph.state.window ? edge.inside?.[1] ?? null : edge.usd) === null ? "–" : money(graph.state.window ? Number(edge.inside[1]) : Number(edge.usd)), "number"),
    cell(when(edge.first_at), "time"), cell(when(edge.last_at), "time"), cell(listed(graph.mark(edge)?.ordinals ?? []) || "–")));
  by("edges").tBodies[0].replaceChildren(...edges);
  by("edges-title").textContent = `Edges as a table: ${graph.drawn.length}`;
}

// What hands do.

const svg = by("picture");
const keyAt = (target) => target.closest?.("[data-key]")?.dataset.key ?? null;
let held = null;
const fingers = new Map();

svg.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
  const target = event.target.closest(".node, .edge");
  held = { x: event.clientX, y: event.clientY, target, grows: Boolean(event.target.closest(".grow")), moved: false, shift: event.shiftKey };
  svg.setPointerCapture(event.pointerId);
});

svg.addEventListener("pointermove", (event) => {
  if (!held || !fingers.has(event.pointerId)) return;
  const before = fingers.get(event.pointerId);
  const [dx, dy] = [event.clientX - before[0], event.clientY - before[1]];
  if (!held.moved && Math.hypot(event.clientX - held.x, event.clientY - held.y) < 4) return;
  held.moved = true;
  if (fingers.size === 2) {
    const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    const wide = (place) => Math.hypot(place[0] - other[0], place[1] - other[1]);
    picture.zoom(wide([event.clientX, event.clientY]) / (wide(before) || 1), ...picture.inside(event));
  } else {
    const key = held.target?.classList.contains("node") && keyAt(held.target);
    const node = key && graph.node(key);
    svg.classList.add("dragged");
    if (node) drag(node, dx / picture.look[2], dy / picture.look[2]);
    else picture.shift(dx, dy);
  }
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
});

function drag(node, dx, dy) {
  const [x, y] = picture.at.get(node.address);
  picture.at.set(node.address, [x + dx, y + dy]);
  held.node = node.address;
  cancelAnimationFrame(held.frame);
  held.frame = requestAnimationFrame(() => picture.place(node.address));
}

function release(event) {
  fingers.delete(event.pointerId);
  if (!held || fingers.size) return;
  const { target, grows, moved, shift, node } = held;
  held = null;
  svg.classList.remove("dragged");
  if (node) return put(node, picture.at.get(node));
  if (moved || event.type === "pointercancel") return;
  const key = target && keyAt(target);
  if (!key) return;
  if (target.classList.contains("edge")) return chooseEdge(key);
  picture.focusOn(key);
  if (key.startsWith("more:")) return doing(() => expand(key.slice(5)));
  choose(key, shift);
  if (grows) doing(() => expand(key));
}
svg.addEventListener("pointerup", release);
svg.addEventListener("pointercancel", release);

// A node that a hand has put somewhere stays there.
function put(address, [x, y]) {
  graph.change("move", () => Object.assign(graph.node(address), { x: round(x), y: round(y), pinned: true }));
  show(false);
}

svg.addEventListener("dblclick", (event) => {
  const key = keyAt(event.target);
  if (key && graph.node(key)) doing(() => expand(key));
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

function act(key, isSecond) {
  if (key.startsWith("more:")) doing(() => expand(key.slice(5)));
  else choose(key, isSecond);
}

svg.addEventListener("focusin", (event) => {
  const key = keyAt(event.target);
  if (key) picture.focus = key;
});

svg.addEventListener("keydown", (event) => {
  const key = keyAt(event.target);
  if (!key) return;
  const node = graph.node(key);
  const arrow = event.key.startsWith("Arrow");
  const step = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  const does = {
    Enter: () => doing(() => expand(node ? key : key.slice(5))), " ": () => act(key, event.shiftKey),
    h: () => node && hide([key]), p: () => node && pin(key), f: () => picture.fit(),
    n: () => { if (node) { choose(key); by("note").focus(); } },
    e: () => { if (node) { choose(key); by("node-edges").querySelector("button")?.focus(); } },
    "+": () => picture.zoom(1.25), "-": () => picture.zoom(0.8), Escape: () => { selection.nodes = []; selection.edge = null; show(); },
  }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (arrow && event.altKey && node) put(key, [node.x + step[0] * 12, node.y + step[1] * 12]);
  else if (arrow && (event.ctrlKey || event.metaKey)) picture.shift(-step[0] * 60, -step[1] * 60);
  else if (arrow) picture.focusOn(picture.next(event.key) ?? key);
  else if (plain && does) does();
  else return;
  event.preventDefault();
  // a node that went away leaves the keyboard with its neighbour
  if (document.activeElement === document.body) picture.focusOn(picture.focus);
});

by("panel").addEventListener("keydown", (event) => {
  if (event.key === "Escape") picture.focusOn(selection.nodes.at(-1) ?? picture.focus);
});

document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.target.matches("input, textarea")) return;
  const letter = event.key.toLowerCase();
  if (letter === "z" && !event.shiftKey) step("undo");
  else if (letter === "y" || (letter === "z" && event.shiftKey)) step("redo");
  else return;
  event.preventDefault();
});

function step(way) {
  return doing(() => {
    if (!graph[way]()) return said(`There is nothing to ${way}.`);
    show();
    return said(way === "undo" ? "Undone." : "Done again.");
  });
}

by("undo").addEventListener("click", () => step("undo"));
by("redo").addEventListener("click", () => step("redo"));
by("closer").addEventListener("click", () => picture.zoom(1.25));
by("farther").addEventListener("click", () => picture.zoom(0.8));
by("fit").addEventListener("click", () => picture.fit());
by("unhide").addEventListener("click", () => doing(unhide));
by("svg").addEventListener("click", () => doing(() => download("svg")));
by("png").addEventListener("click", () => doing(() => download("png")));
by("weigh").addEventListener("change", () => { graph.change("weigh", (state) => { state.weigh = by("weigh").value; }); show(); });
by("from").addEventListener("input", () => slide(by("from")));
by("to").addEventListener("input", () => slide(by("to")));
by("all-days").addEventListener("click", () => {
  by("from").value = 0;
  by("to").value = by("to").max;
  setWindow(0, Number(by("to").max));
});
by("add").addEventListener("submit", (event) => { event.preventDefault(); doing(() => add(by("add-text").value)); });
by("add-text").addEventListener("input", () => suggest(by("add-text").value.trim()));
by("save").addEventListener("submit", (event) => { event.preventDefault(); doing(() => save(false)); });
by("save-new").addEventListener("click", () => { if (by("save").reportValidity()) doing(() => save(true)); });
addEventListener("beforeunload", (event) => { if (given.may_save && graph.past.length && content() !== savedAs) event.preventDefault(); });
addEventListener("resize", () => picture.fit());

doing(begin);
