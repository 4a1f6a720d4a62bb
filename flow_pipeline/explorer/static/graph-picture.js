// The drawing of a graph: SVG elements that stay the same while their node or edge does.

import { besides, count, cut, keyOf, listed, money, nameOf, round, seen, short, sideOf } from "./graph-model.js";

const SVG = "http://www.w3.org/2000/svg";

export function element(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const FAR = 0.6;
const MARGIN = 16;
const DIGIT = 7;
const LETTER = 8;
// Where else on its edge a number may stand, the nearest first.
const STEPS = [0, 0.07, -0.07, 0.14, -0.14, 0.21, -0.21, 0.28, -0.28, 0.35, -0.35];

// Names and numbers stay readable from afar.
const enlargedAt = (scale) => Math.max(1, Math.min(0.8 / scale, 3));

export class Picture {
  constructor(svg, given) {
    this.svg = svg;
    this.given = given;
    this.sizes = given.sizes;
    this.camera = svg.appendChild(element("g"));
    // numbers come last: nothing lies over them
    [this.tethers, this.edges, this.nodes, this.tags] = [0, 1, 2, 3].map(() => this.camera.appendChild(element("g")));
    for (const layer of [this.edges, this.tags]) layer.setAttribute("aria-hidden", "true");
    this.at = new Map();
    this.made = new Map();
    this.dress = new Map();
    this.lines = [];
    this.ends = new Map();
    this.sides = new Map();
    this.words = new Map();
    this.curves = new Map();
    this.look = [0, 0, 1];
    this.enlarged = "1.00";
    this.focus = null;
  }

  // Draw a graph; nodes that moved glide to their new place where the reader's settings allow motion.
  render(graph, selection, glides = true) {
    this.graph = graph;
    this.selection = selection;
    this.#keep(this.nodes, "node", this.#keys(), (key) => this.#node(key));
    this.#keep(this.edges, "edge", graph.drawn.map(keyOf), () => this.#edge());
    const folds = this.#folds().map((fold) => fold.key);
    this.#keep(this.tethers, "tether", folds, () => element("path", { class: "tether" }));
    this.#dress();
    const before = new Map(this.at);
    const after = new Map(graph.shown.map((node) => [node.address, [node.x, node.y]]));
    const still = !glides || !before.size || matchMedia("(prefers-reduced-motion: reduce)").matches;
    cancelAnimationFrame(this.frame);
    if (still) return this.#settle(after);
    const begin = performance.now();
    const from = (node) => before.get(node.address) ?? before.get(node.parent) ?? after.get(node.address);
    const step = (now) => {
      const part = Math.min((now - begin) / 280, 1);
      const eased = 1 - (1 - part) ** 3;
      if (part >= 1) return this.#settle(after);
      for (const node of graph.shown) {
        const [[ax, ay], [bx, by]] = [from(node), after.get(node.address)];
        this.at.set(node.address, [ax + (bx - ax) * eased, ay + (by - ay) * eased]);
      }
      this.place();
      this.frame = requestAnimationFrame(step);
    };
    this.svg.dataset.settled = "no";
    step(begin);
  }

  #settle(after) {
    this.at = after;
    this.place();
    this.svg.dataset.settled = "yes";
  }

  #folds() {
    return this.graph.shown
      .filter((node) => node.more?.others)
      .map((node) => ({ key: `more:${node.address}`, node, others: node.more.others }));
  }

  #keys() {
    return [...this.graph.shown.map((node) => node.address), ...this.#folds().map((fold) => fold.key)];
  }

  // One element per key, in the order of the keys.
  #keep(room, kind, keys, make) {
    const wanted = new Set(keys);
    for (const old of [...room.children])
      if (!wanted.has(old.dataset.key)) { old.remove(); this.made.delete(`${kind} ${old.dataset.key}`); }
    keys.forEach((key, place) => {
      const made = this.made.get(`${kind} ${key}`) ?? make(key);
      made.dataset.key = key;
      this.made.set(`${kind} ${key}`, made);
      // only what stands elsewhere is moved: who has the focus would lose it
      if (room.children[place] !== made) room.insertBefore(made, room.children[place] ?? null);
    });
  }

  elementOf(key) { return this.made.get(`node ${key}`); }

  #node(key) {
    const size = this.sizes.node;
    const group = element("g", { class: "node", role: "button", tabindex: "-1" });
    if (key.startsWith("more:")) {
      group.classList.add("more");
      group.append(
        element("rect", { x: -44, y: -12, width: 88, height: 24, rx: 12 }),
        element("rect", { class: "chosen", x: -47, y: -15, width: 94, height: 30, rx: 15 }),
        element("text", { "text-anchor": "middle", y: 4 }),
      );
      return group;
    }
    group.append(
      element("title"),
      element("circle", { class: "reach", r: size + 8, fill: "transparent" }),
      element("circle", { class: "ring", r: size + 5 }),
      element("circle", { class: "chosen", r: size + 9 }),
      element("path", { class: "shape", transform: `scale(${size})` }),
      element("path", { class: "pin", d: `M${-size - 6} ${-size - 6}h8l-4 9z` }),
      element("g", { class: "grow", transform: `translate(${size} ${size})` },
        element("circle", { r: 7 }), element("path", { d: "M-4 0H4M0-4V4" })),
      element("g", { class: "label" }),
    );
    return group;
  }

  #edge() {
    const part = (name, kind) => element(name, { class: kind });
    return element("g", { class: "edge" }, part("path", "reach"), part("path", "halo"), part("path", "line"),
      part("polygon", "head"));
  }

  #tag() {
    return element("g", {}, element("rect", { class: "badge" }), element("text", { class: "told" }));
  }

  // What nodes and edges look like, wherever they stand.
  #dress() {
    const { graph, selection } = this;
    if (!this.made.has(`node ${this.focus}`)) this.focus = graph.shown[0]?.address ?? null;
    for (const node of graph.shown) this.#dressNode(node);
    for (const { key, node, others } of this.#folds()) {
      const group = this.elementOf(key);
      group.querySelector("text").textContent = `+ ${count(others, "other")}`;
      const words = count(others, "other counterparty", "other counterparties");
      group.setAttribute("aria-label", `${words} of ${nameOf(node)}: bring the next`);
      group.setAttribute("tabindex", this.focus === key ? "0" : "-1");
    }
    const drawn = graph.drawn, ends = new Map();
    Object.assign(this, { lines: drawn, ends });
    const values = new Map(drawn.map((edge) => [keyOf(edge), graph.value(edge)]));
    const known = [...values.values()].filter((value) => value > 0).map(Math.log);
    const [least, most] = [Math.min(...known), Math.max(...known)];
    for (const { source, target } of drawn)
      for (const [end, other] of [[source, target], [target, source]])
        if (ends.has(end)) ends.get(end).push(other);
        else ends.set(end, [other]);
    this.svg.classList.toggle("dense", drawn.length > 150);
    for (const edge of drawn) {
      const group = this.made.get(`edge ${keyOf(edge)}`);
      const value = values.get(keyOf(edge));
      const mark = graph.mark(edge);
      const { thin, thick } = this.sizes;
      const share = value > 0 && most > least ? (Math.log(value) - least) / (most - least) : value > 0 ? 0.5 : 0;
      const width = thin + (thick - thin) * share;
      group.setAttribute("class", "edge");
      group.classList.toggle("outside", graph.isOutside(edge));
      group.classList.toggle("unpriced", value <= 0 && !graph.isOutside(edge));
      group.classList.toggle("marked", Boolean(mark));
      group.classList.toggle("selected", selection.edge === keyOf(edge));
      group.classList.toggle("near", selection.nodes.includes(edge.source) || selection.nodes.includes(edge.target));
      group.querySelector(".line").setAttribute("stroke-width", round(width));
      group.querySelector(".halo").setAttribute("stroke-width", round(width + 7));
      const isTold = value > 0 && drawn.length <= this.sizes.told;
      const amount = graph.state.weigh === "usd" ? money(value) : `${value.toLocaleString("en")}×`;
      const tail = isTold && drawn.length <= this.sizes.told / 2 ? ` · ${amount}` : "";
      const order = mark?.ordinals.length ? listed(mark.ordinals, this.sizes.badge) : "";
      const badge = order && order + tail;
      this.dress.set(keyOf(edge), { width, order, badge, told: badge || (isTold ? amount : ""), along: along(ends, edge) });
    }
    this.#keep(this.tags, "tag", drawn.map(keyOf).filter((key) => this.dress.get(key).told), () => this.#tag());
    for (const tag of this.tags.children) {
      const { badge } = this.dress.get(tag.dataset.key);
      const isOutside = this.made.get(`edge ${tag.dataset.key}`).classList.contains("outside");
      tag.setAttribute("class", `caption${badge ? " marked" : ""}${isOutside ? " outside" : ""}`);
      tag.querySelector(".badge").toggleAttribute("hidden", !badge);
    }
  }

  #dressNode(node) {
    const group = this.elementOf(node.address);
    const { looks, high, words } = this.given;
    const category = node.category ?? "unlabelled";
    const kind = category in looks ? category : "other";
    const shape = group.querySelector(".shape");
    shape.setAttribute("d", looks[kind].shape);
    shape.setAttribute("class", `shape fill-${kind}`);
    const isChosen = this.selection.nodes.includes(node.address);
    const isRisky = high.includes(node.risk_category);
    const waits = node.more ? node.more.others : Math.max(node.counterparties - 1, 0);
    const kinds = { selected: isChosen, pinned: node.pinned, risky: isRisky, plain: !node.entity };
    for (const [name, on] of Object.entries(kinds))
      group.classList.toggle(name, Boolean(on));
    group.querySelector(".grow").toggleAttribute("hidden", Boolean(node.more) || !waits);
    const lines = [];
    if (node.entity) lines.push(["name", cut(seen(node.entity), 30)]);
    lines.push([node.entity ? "address" : "address alone", short(seen(node.address))]);
    if (node.note) lines.push(["note", `✎ ${cut(seen(node.note), 60)}`]);
    const label = group.querySelector(".label");
    const isOfMany = node.parent || this.graph.shown.length > 30;
    const isQuiet = isOfMany && !node.entity && !node.note && !isChosen && !node.more;
    label.setAttribute("class", isQuiet ? "label quiet-label" : "label");
    const letters = Math.max(...lines.map(([, text]) => text.length));
    this.words.set(node.address, { letters, lines: lines.length, isQuiet });
    label.replaceChildren(...lines.map(([kind, text], index) => {
      const line = element("text", { class: kind, y: round(4 + (index - (lines.length - 1) / 2) * 13) });
      line.textContent = text;
      return line;
    }));
    group.setAttribute("aria-pressed", String(isChosen));
    group.setAttribute("tabindex", this.focus === node.address ? "0" : "-1");
    group.querySelector("title").textContent = `${seen(node.entity ?? "")} ${seen(node.address)}`.trim();
    group.setAttribute("aria-label", [
      node.entity ? `${seen(node.entity)}, ${seen(node.address)}` : seen(node.address),
      words[category] ? (kind === "unlabelled" ? "no label" : kind.replace("_", " ")) : seen(category),
      count(node.counterparties, "counterparty", "counterparties"),
      node.more ? (node.more.others ? `${count(node.more.others, "other")} not shown` : "all shown") : "not expanded",
      isRisky && `${node.risk_category.toLowerCase()} risk`,
      node.pinned && "pinned",
      node.note && `note: ${seen(node.note)}`,
    ].filter(Boolean).join(", "));
  }

  // Put everything where it stands now, or one node and what hangs on it.
  place(only = null) {
    const { graph, ends, sides } = this;
    const moved = only ? new Set([only, ...(ends.get(only) ?? [])]) : null;
    for (const { address, parent } of graph.shown) {
      if (moved && !moved.has(address)) continue;
      const here = this.at.get(address);
      const side = sideOf(here, this.at.get(parent), (ends.get(address) ?? []).map((end) => this.at.get(end)));
      sides.set(address, side);
      this.#placeNode(this.elementOf(address), here, side);
    }
    const beside = { right: [55, 0], left: [-55, 0], below: [0, 28], above: [0, -28] };
    const stands = graph.shown.flatMap(({ address }) => {
      const [[x, y], [dx, dy]] = [this.at.get(address), beside[sides.get(address)]];
      return [{ address, x, y }, { x: x + dx, y: y + dy }];
    });
    for (const { key, node } of this.#folds()) {
      const here = stands.find((one) => one.address === node.address);
      const spot = besides(here, stands);
      this.at.set(key, [spot.x, spot.y]);
      const fold = this.elementOf(key);
      fold.dataset.at = `translate(${spot.x} ${spot.y})`;
      fold.setAttribute("transform", `${fold.dataset.at} scale(${this.enlarged})`);
      this.made.get(`tether ${key}`).setAttribute("d", `M${round(here.x)} ${round(here.y)}L${spot.x} ${spot.y}`);
    }
    for (const edge of this.lines)
      if (!only || edge.source === only || edge.target === only) this.#placeEdge(edge);
    this.#placeTags();
    this.view();
  }

  // Where a name stands, as seen from its node.
  #beside(side, lines) {
    const gap = this.sizes.node + 6, below = gap + 4 + lines * 6.5, above = -gap - lines * 6.5;
    return { right: [gap, 0], left: [-gap, 0], below: [0, below], above: [0, above] }[side];
  }

  // Left, top, right and bottom of all nodes and their names, standing at these places and seen at this scale.
  #boxes(at, scale) {
    const enlarged = enlargedAt(scale), reach = this.sizes.node + 6, boxes = [];
    for (const { address, parent } of this.graph.shown) {
      const here = at.get(address), [x, y] = here;
      boxes.push([x - reach, y - reach, x + reach, y + reach]);
      const { letters, lines, isQuiet } = this.words.get(address);
      if (isQuiet && scale < FAR) continue;
      const side = sideOf(here, at.get(parent), (this.ends.get(address) ?? []).map((end) => at.get(end)));
      const [dx, dy] = this.#beside(side, lines);
      const wide = letters * LETTER * enlarged, high = lines * 13 * enlarged;
      const left = x + dx - ({ right: 0, left: wide }[side] ?? wide / 2);
      boxes.push([left, y + dy - high / 2, left + wide, y + dy + high / 2]);
    }
    for (const { key, node } of this.#folds()) {
      const [now, fold, to] = [this.at.get(node.address), this.at.get(key), at.get(node.address)];
      if (!fold) continue;
      const [x, y] = [to[0] + fold[0] - now[0], to[1] + fold[1] - now[1]];
      boxes.push([x - 44 * enlarged, y - 12 * enlarged, x + 44 * enlarged, y + 12 * enlarged]);
    }
    return boxes;
  }

  #placeNode(group, [x, y], side) {
    group.setAttribute("transform", `translate(${round(x)} ${round(y)})`);
    const label = group.querySelector(".label");
    const size = this.sizes.node;
    const [dx, dy] = this.#beside(side, label.childElementCount);
    label.dataset.at = `translate(${dx} ${round(dy)})`;
    label.setAttribute("transform", `${label.dataset.at} scale(${this.enlarged})`);
    label.setAttribute("text-anchor", { right: "start", left: "end" }[side] ?? "middle");
    group.querySelector(".grow").setAttribute("transform", `translate(${side === "right" ? -size : size} ${size})`);
  }

  #placeEdge(edge) {
    const { node: size, bow, arrow } = this.sizes;
    const [[ax, ay], [bx, by]] = [this.at.get(edge.source), this.at.get(edge.target)];
    // the control point lies to one side as seen from the sender: the other direction bows the other way
    const c = [(ax + bx) / 2 - (by - ay) * bow * 2, (ay + by) / 2 + (bx - ax) * bow * 2];
    const s = towards([ax, ay], c, size + 3), t = towards([bx, by], c, size + 3);
    const look = this.dress.get(keyOf(edge));
    const head = arrow + look.width;
    const b = towards(t, c, head);
    const [ux, uy] = [(t[0] - b[0]) / head, (t[1] - b[1]) / head];
    const half = look.width / 2 + 2.5;
    const group = this.made.get(`edge ${keyOf(edge)}`);
    const [reach, halo, line, tip] = group.children;
    const curve = `M${s.map(round)}Q${c.map(round)} ${b.map(round)}`;
    for (const path of [reach, halo, line]) path.setAttribute("d", curve);
    tip.setAttribute("points", [t, [b[0] - uy * half, b[1] + ux * half], [b[0] + uy * half, b[1] - ux * half]]
      .map((point) => point.map(round)).join(" "));
    this.curves.set(keyOf(edge), { points: [s, c, b], length: Math.hypot(bx - ax, by - ay) });
  }

  // What is written on edges stands where it covers least, without the amount where only the order has room; where too
  // much is written, it stays where it is.
  #placeTags() {
    const tags = [...this.tags.children], isMany = tags.length > this.sizes.told;
    const scale = isMany ? 1 : Number(this.enlarged);
    const boxes = isMany ? [] : this.#boxes(this.at, this.look[2]);
    for (const tag of tags) {
      const { order, badge, told: words, along } = this.dress.get(tag.dataset.key);
      const { points, length } = this.curves.get(tag.dataset.key);
      const [rim, told] = tag.children;
      told.textContent = badge || length > 90 ? words : "";
      if (!told.textContent) continue;
      const tries = (badge && badge !== order ? [words, order] : [words])
        .flatMap((text) => (isMany ? [0] : STEPS).map((step) => [text, Math.min(Math.max(along + step, 0.12), 0.88)]));
      let best = null;
      for (const [text, part] of tries) {
        const [x, y] = on(points, part), wide = 10 + text.length * DIGIT;
        const box = [x - (wide / 2) * scale, y - 9 * scale, x + (wide / 2) * scale, y + 9 * scale];
        const covered = boxes.reduce((sum, other) => sum + common(box, other), 0);
        if (!best || covered < best.covered) best = { text, wide, x, y, box, covered };
        if (!covered) break;
      }
      told.textContent = best.text;
      const { wide } = best;
      if (!isMany) boxes.push(best.box);
      tag.setAttribute("transform", `translate(${round(best.x)} ${round(best.y)}) scale(${scale})`);
      told.setAttribute("y", 4);
      for (const [name, value] of Object.entries({ x: -wide / 2, y: -9, width: wide, height: 18, rx: 9 }))
        rim.setAttribute(name, round(value));
    }
  }

  // Looking: moving and scaling the picture.
  view() {
    const [x, y, scale] = this.look;
    this.camera.setAttribute("transform", `translate(${round(x)} ${round(y)}) scale(${scale.toFixed(4)})`);
    this.svg.classList.toggle("far", scale < FAR);
    const enlarged = enlargedAt(scale).toFixed(2);
    if (enlarged === this.enlarged) return;
    this.enlarged = enlarged;
    for (const label of this.nodes.querySelectorAll(".label, .more"))
      label.setAttribute("transform", `${label.dataset.at} scale(${enlarged})`);
    this.#placeTags();
  }

  zoom(by, x = this.svg.clientWidth / 2, y = this.svg.clientHeight / 2) {
    const scale = Math.min(Math.max(this.look[2] * by, 0.05), 4);
    const ratio = scale / this.look[2];
    this.look = [x - (x - this.look[0]) * ratio, y - (y - this.look[1]) * ratio, scale];
    this.view();
  }

  shift(x, y) {
    this.look = [this.look[0] + x, this.look[1] + y, this.look[2]];
    this.view();
  }

  fit() {
    const nodes = this.graph.shown;
    if (!nodes.length) return;
    const [width, height] = [this.svg.clientWidth, this.svg.clientHeight];
    const at = new Map(nodes.map((node) => [node.address, [node.x, node.y]]));
    let scale = 1.4, left, top, right, bottom;
    // the smaller the picture, the larger its names: a few rounds find where both fit
    for (let round = 0; round < 40; round++) {
      const boxes = this.#boxes(at, scale);
      [left, top] = [0, 1].map((side) => Math.min(...boxes.map((box) => box[side])));
      [right, bottom] = [2, 3].map((side) => Math.max(...boxes.map((box) => box[side])));
      const fits = Math.min((width - 2 * MARGIN) / (right - left), (height - 2 * MARGIN) / (bottom - top));
      if (fits >= scale * 0.995) break;
      scale = fits;
    }
    this.look = [width / 2 - ((left + right) / 2) * scale, height / 2 - ((top + bottom) / 2) * scale, scale];
    this.view();
  }

  // Where a point of the window lies in the graph.
  inside(event) {
    const box = this.svg.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  focusOn(key) {
    const old = this.elementOf(this.focus);
    const next = this.elementOf(key);
    if (!next) return;
    old?.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    this.focus = key;
    const [x, y] = this.at.get(key);
    const [sx, sy] = [x * this.look[2] + this.look[0], y * this.look[2] + this.look[1]];
    const { clientWidth, clientHeight } = this.svg;
    if (sx < 20 || sy < 20 || sx > clientWidth - 20 || sy > clientHeight - 20)
      this.shift(clientWidth / 2 - sx, clientHeight / 2 - sy);
    next.focus({ preventScroll: true });
  }

  // The node that lies nearest in a direction.
  next(direction) {
    const here = this.at.get(this.focus);
    if (!here) return null;
    const [dx, dy] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[direction];
    let best = null;
    for (const key of this.#keys()) {
      if (key === this.focus) continue;
      const [x, y] = this.at.get(key);
      const along = (x - here[0]) * dx + (y - here[1]) * dy;
      const across = Math.abs((x - here[0]) * dy) + Math.abs((y - here[1]) * dx);
      if (along <= 0.5) continue;
      const cost = along + across * 2.2;
      if (!best || cost < best.cost) best = { key, cost };
    }
    return best?.key ?? null;
  }
}

// Where on an edge its value is written: nearer to the end with fewer edges, where there is room.
function along(ends, { source, target }) {
  const [a, b] = [ends.get(source).length, ends.get(target).length];
  return a === b ? 0.5 : a < b ? 0.34 : 0.66;
}

// A point of a curve, as a share of its way.
function on([s, c, b], part) {
  const rest = 1 - part;
  return [0, 1].map((i) => rest * rest * s[i] + 2 * rest * part * c[i] + part * part * b[i]);
}

// The area that two boxes have in common.
function common(one, other) {
  const wide = Math.min(one[2], other[2]) - Math.max(one[0], other[0]);
  const high = Math.min(one[3], other[3]) - Math.max(one[1], other[1]);
  return wide > 0 && high > 0 ? wide * high : 0;
}

function towards([x, y], [toX, toY], by) {
  const length = Math.hypot(toX - x, toY - y) || 1;
  return [x + ((toX - x) / length) * by, y + ((toY - y) / length) * by];
}
