// The state of a graph, its history, and where its nodes stand. Nothing here knows the page.

export class Graph {
  constructor(given) {
    this.given = given;
    this.state = {
      version: 1, chain: given.chain, run: given.run, about: "", window: null, weigh: "usd",
      nodes: [], edges: [], marks: [], left_out: 0,
    };
    this.past = [];
    this.future = [];
  }

  node(address) { return this.state.nodes.find((node) => node.address === address); }

  get shown() { return this.state.nodes.filter((node) => !node.hidden); }

  // Edges of which both ends are shown.
  get drawn() {
    const shown = new Set(this.shown.map((node) => node.address));
    return this.state.edges.filter((edge) => shown.has(edge.source) && shown.has(edge.target));
  }

  mark(edge) { return this.state.marks.find((mark) => mark.source === edge.source && mark.target === edge.target); }

  // A change that can be taken back; several of one kind in a row are one.
  change(kind, alter) {
    const before = JSON.stringify(this.state);
    alter(this.state);
    this.hold();
    if (JSON.stringify(this.state) === before) return;
    if (!(kind === "days" && this.past.at(-1)?.kind === kind)) this.past.push({ kind, before });
    if (this.past.length > 200) this.past.shift();
    this.future = [];
  }

  // Nodes that lie farther out than a picture reaches stand at its edge.
  hold() {
    const { far } = this.given.sizes;
    const held = (value) => Math.min(Math.max(value, -far), far);
    for (const node of this.state.nodes) [node.x, node.y] = [held(node.x), held(node.y)];
  }

  undo() { return this.#step(this.past, this.future); }

  redo() { return this.#step(this.future, this.past); }

  #step(from, to) {
    const step = from.pop();
    if (!step) return false;
    to.push({ kind: step.kind, before: JSON.stringify(this.state) });
    this.state = JSON.parse(step.before);
    return true;
  }

  // What an edge's width stands for: 0 where it is not known or nothing lies in the days chosen.
  value(edge) {
    const [transfers, usd] = this.state.window ? edge.inside ?? [0, null] : [edge.transfers, edge.usd];
    return this.state.weigh === "transfers" ? transfers : Math.max(Number(usd ?? 0), 0);
  }

  isOutside(edge) { return Boolean(this.state.window) && !edge.inside; }

  // The state as it is saved: edges name their ends by place.
  packed() {
    const place = new Map(this.state.nodes.map((node, index) => [node.address, index]));
    const ends = (one) => ({ ...one, source: place.get(one.source), target: place.get(one.target) });
    const isWhole = (one) => place.has(one.source) && place.has(one.target);
    return {
      ...this.state,
      nodes: this.state.nodes.map((node) => ({ ...node, x: round(node.x), y: round(node.y) })),
      edges: this.state.edges.filter(isWhole).map(ends),
      marks: this.state.marks.filter(isWhole).map(ends),
    };
  }

  unpack(packed) {
    const ends = (one) => ({
      ...one, source: packed.nodes[one.source].address, target: packed.nodes[one.target].address,
    });
    this.state = {
      ...packed, about: packed.about ?? "", window: packed.window ?? null, weigh: packed.weigh ?? "usd",
      nodes: packed.nodes.map((node) => ({ ...NODE, ...node })),
      edges: packed.edges.map((edge) => ({ usd: null, inside: null, ...ends(edge) })),
      marks: (packed.marks ?? []).map(ends), left_out: packed.left_out ?? 0,
    };
    this.hold();
    this.past = [];
    this.future = [];
  }
}

// What a node has that says nothing else; saved views leave it out.
export const NODE = {
  entity: null, category: null, risk: null, risk_category: null, findings: 0, counterparties: 0,
  x: 0, y: 0, parent: null, pinned: false, hidden: false, note: "", more: null,
};

export const keyOf = (edge) => `${edge.source}>${edge.target}`;

export const round = (value) => Math.round(value * 10) / 10;

// Signs that no reader sees stand as their escapes.
export function seen(text) {
  const unseen = /[\p{C}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0]/gu;
  return String(text ?? "").replace(unseen, (sign) => `\\u${sign.codePointAt(0).toString(16).padStart(4, "0")}`);
}

export const short = (text) => (text.length <= 16 ? text : `${text.slice(0, 8)}…${text.slice(-6)}`);

export const cut = (text, most) => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

// A number and what it counts: 1 way, 2 ways.
export const count = (number, one, many = `${one}s`) =>
  `${Number(number).toLocaleString("en")} ${Number(number) === 1 ? one : many}`;

export const nameOf = (node) => (node.entity ? seen(node.entity) : short(seen(node.address)));

export function money(usd) {
  for (const [size, letter] of [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]])
    if (Math.abs(usd) >= size * 0.9995) return `$${Number((usd / size).toPrecision(3))}${letter}`;
  return `$${Number(usd.toPrecision(3))}`;
}

// Places in an order, in short: 1–3, 7; in so many letters at most.
export function listed(ordinals, most = Infinity) {
  const runs = [];
  for (const place of [...new Set(ordinals)].sort((a, b) => a - b)) {
    if (runs.length && place === runs.at(-1)[1] + 1) runs.at(-1)[1] = place;
    else runs.push([place, place]);
  }
  const told = runs.map(([first, last]) => (first === last ? first : `${first}–${last}`)).join(", ");
  return told.length <= most ? told : `${told.slice(0, told.lastIndexOf(", ", most - 2))}, …`;
}

// New nodes round their parent, in the order of their rank: a ring, or a fan away from where the parent came from.
export function around(parent, added, nodes) {
  const from = nodes.find((node) => node.address === parent.parent && !node.hidden);
  const old = nodes.filter((node) => node.parent === parent.address && !added.includes(node));
  const span = from ? (Math.PI * 4) / 3 : Math.PI * 2;
  const start = from ? Math.atan2(parent.y - from.y, parent.x - from.x) - span / 2 : -Math.PI / 2;
  const beyond = Math.max(0, ...old.map((node) => Math.hypot((node.x - parent.x) / 1.35, node.y - parent.y))) + 60;
  const radius = Math.max(130, (added.length * 30) / span, old.length ? beyond : 0);
  added.forEach((node, index) => {
    const angle = start + (span * (index + 0.5)) / added.length;
    const reach = radius * (index % 2 ? 1.3 : 1);
    node.x = parent.x + Math.cos(angle) * reach * 1.35;
    node.y = parent.y + Math.sin(angle) * reach;
  });
}

// Steps of a finding from left to right, each receiver one column behind its first sender; a long way turns back below.
export function inOrder(nodes, steps) {
  const column = new Map();
  for (const { source, target } of steps) {
    if (!column.has(source)) column.set(source, 0);
    if (!column.has(target)) column.set(target, column.get(source) + 1);
  }
  const columns = [];
  for (const node of nodes) (columns[column.get(node.address) ?? 0] ??= []).push(node);
  const tallest = Math.max(...columns.map((members) => Math.min(members?.length ?? 0, 12)));
  let x = 0, y = 0, way = 1;
  columns.forEach((members, place) => {
    const wide = Math.ceil(members.length / 12);
    members.forEach((node, index) => {
      const high = Math.min(members.length, 12);
      node.x = x + way * Math.floor(index / 12) * 150 + (index % 2) * 30;
      node.y = y + ((index % 12) - (high - 1) / 2) * 52 + (place % 2) * 24;
    });
    if (place % 4 === 3 && place < columns.length - 1) {
      y += tallest * 52 + 90;
      way = -way;
    } else x += way * (190 + (wide - 1) * 150);
  });
}

// Nodes of a way that are new, on the line between its ends.
export function between(first, last, added) {
  added.forEach((node, index) => {
    const share = (index + 1) / (added.length + 1);
    node.x = first.x + (last.x - first.x) * share - (last.y - first.y) * 0.18;
    node.y = first.y + (last.y - first.y) * share + (last.x - first.x) * 0.18 + 30;
  });
}

// A short relaxation: new nodes find room, older ones give way a little, pinned ones not at all. No chance is in it:
// the same graph lies the same way everywhere.
export function relax(graph, added) {
  const nodes = graph.shown;
  const fresh = new Set(added);
  const ease = nodes.map((node) => (node.pinned ? 0 : fresh.has(node) ? 1 : 0.25));
  if (ease.every((one) => !one)) return;
  const place = new Map(nodes.map((node, index) => [node.address, index]));
  const springs = new Map();
  nodes.forEach((node, index) => {
    const parent = place.get(node.parent);
    if (parent !== undefined) springs.set(`${parent} ${index}`, [parent, index, 0.06]);
  });
  for (const edge of graph.drawn) {
    const [a, b] = [place.get(edge.source), place.get(edge.target)].sort((x, y) => x - y);
    if (!springs.has(`${a} ${b}`) && !springs.has(`${b} ${a}`)) springs.set(`${a} ${b}`, [a, b, 0.008]);
  }
  const dx = new Float64Array(nodes.length), dy = new Float64Array(nodes.length);
  const rounds = nodes.length > 150 ? 60 : 110;
  for (let round = 0; round < rounds; round++) {
    const heat = 1 - round / rounds;
    dx.fill(0);
    dy.fill(0);
    for (let a = 0; a < nodes.length; a++)
      for (let b = a + 1; b < nodes.length; b++) {
        let x = nodes[b].x - nodes[a].x, y = nodes[b].y - nodes[a].y;
        if (Math.abs(x) > 320 || Math.abs(y) > 320) continue;
        if (!x && !y) [x, y] = [Math.cos(a * 2.4 + b), Math.sin(a * 2.4 + b)];
        const far = Math.max(x * x + y * y, 100);
        const push = (900 * heat) / far;
        const px = x * push;
        let py = y * push;
        // a name stands beside its node: two names must not lie on each other
        const wide = 105 - Math.abs(x), high = 27 - Math.abs(y);
        if (wide > 0 && high > 0) py += Math.sign(y || (b - a) % 2 || 1) * high * 0.5;
        dx[a] -= px; dy[a] -= py; dx[b] += px; dy[b] += py;
      }
    for (const [a, b, pull] of springs.values()) {
      const x = nodes[b].x - nodes[a].x, y = nodes[b].y - nodes[a].y;
      const length = Math.hypot(x, y) || 1;
      const by = ((length - 130) / length) * pull * heat;
      if (length < 130) continue;
      dx[a] += x * by; dy[a] += y * by; dx[b] -= x * by; dy[b] -= y * by;
    }
    nodes.forEach((node, index) => {
      const length = Math.hypot(dx[index], dy[index]) || 1;
      const most = Math.min(length, 24) / length;
      node.x += dx[index] * most * ease[index];
      node.y += dy[index] * most * ease[index];
    });
  }
  for (const node of nodes) [node.x, node.y] = [round(node.x), round(node.y)];
}

// Where the fold of further counterparties stands: beside its node, where there is most room.
export function besides(node, nodes) {
  let best = null;
  for (let turn = 0; turn < 16; turn++) {
    const angle = (turn * Math.PI) / 8 + Math.PI / 2;
    const x = node.x + Math.cos(angle) * 92, y = node.y + Math.sin(angle) * 56;
    let room = Infinity;
    for (const other of nodes)
      if (other !== node) room = Math.min(room, Math.hypot((other.x - x) * 0.6, other.y - y));
    if (!best || room > best.room + 0.5) best = { x: round(x), y: round(y), room };
  }
  return best;
}

// On which side of a node its name stands: away from its parent, unless an edge leaves there.
export function sideOf([x, y], parent, others) {
  const taken = new Set();
  for (const [ox, oy] of others) {
    const [dx, dy] = [ox - x, oy - y];
    if (Math.abs(dy) < Math.abs(dx) * 0.5) taken.add(dx > 0 ? "right" : "left");
    if (Math.abs(dx) < Math.abs(dy) * 1.2) taken.add(dy > 0 ? "below" : "above");
  }
  const first = parent && x < parent[0] ? ["left", "right"] : ["right", "left"];
  return [...first, "below", "above"].find((side) => !taken.has(side)) ?? first[0];
}
