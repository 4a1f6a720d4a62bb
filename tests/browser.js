// Checks of a page, for tests/browser.py: each gives sentences about what is wrong.

const named = (el) => {
  const ids = (el.getAttribute("aria-labelledby") ?? "").split(/\s+/);
  const by = ids.map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
  const labels = [...(el.labels ?? [])].map((label) => label.textContent).join(" ");
  const pictures = [...el.querySelectorAll("img[alt], svg[aria-label]")];
  const alt = pictures.map((one) => one.getAttribute("alt") ?? one.getAttribute("aria-label")).join(" ");
  return [el.getAttribute("aria-label"), by, labels, el.textContent, alt, el.title]
    .map((text) => String(text ?? "").trim()).find(Boolean) ?? "";
};
const said = (el) => {
  const known = ["id", "class"].filter((name) => el.getAttribute(name));
  const marks = known.map((name) => ` ${name}=${el.getAttribute(name)}`);
  return `<${el.tagName.toLowerCase()}${marks.join("")}> ${el.textContent.trim().slice(0, 40)}`;
};
const visible = (el) =>
  el.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && el.getClientRects().length > 0;
const CONTROLS = `a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=link],
  [tabindex='0']`;
const unnamed = () => {
  const found = [];
  for (const el of document.querySelectorAll(CONTROLS))
    if (visible(el) && !named(el)) found.push(`has no name: ${said(el)}`);
  for (const el of document.querySelectorAll("img:not([alt])")) found.push(`has no alternative text: ${said(el)}`);
  for (const el of document.querySelectorAll("th:not([scope])")) found.push(`heads no column or row: ${said(el)}`);
  for (const el of document.querySelectorAll("[tabindex]"))
    if (el.tabIndex > 0) found.push(`jumps the order: ${said(el)}`);
  const ids = [...document.querySelectorAll("[id]")].map((el) => el.id);
  for (const id of new Set(ids)) if (ids.filter((one) => one === id).length > 1) found.push(`stands twice: id ${id}`);
  const heads = document.querySelectorAll("h1").length;
  if (heads !== 1) found.push(`has ${heads} first headings`);
  if (!document.documentElement.lang) found.push("says no language");
  if (!document.title) found.push("has no title");
  return found;
};
const colour = (text) => {
  const [r, g, b, a = 1] = text.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0, 0];
  return text.startsWith("color(srgb") ? [r * 255, g * 255, b * 255, a] : [r, g, b, a];
};
const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
const paper = (el) => {
  const layers = [];
  for (let at = el; at; at = at.parentElement) {
    const layer = colour(getComputedStyle(at).backgroundColor);
    if (layer[3] > 0) layers.push(layer);
    if (layer[3] === 1) break;
  }
  return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
};
const light = (c) => {
  const [r, g, b] = c.map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ratio = (a, b) => {
  const [most, least] = [light(a), light(b)].sort((p, q) => q - p);
  return (most + 0.05) / (least + 0.05);
};
const UNREAD = "script, style, title, desc, option, [disabled], noscript";
const faint = () => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const el = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !visible(el) || el.closest(UNREAD)) continue;
    const style = getComputedStyle(el);
    const isDrawn = el instanceof SVGElement;
    let own = colour(isDrawn ? style.fill : style.color);
    // letters of a drawing stand on a rim of their stroke, else on the shape drawn just before them
    const rim = isDrawn && style.stroke !== "none" ? colour(style.stroke) : null;
    const before = el.previousElementSibling;
    const isOnShape = isDrawn && !rim && before instanceof SVGGeometryElement;
    const under = isOnShape ? colour(getComputedStyle(before).fill) : null;
    const below = rim ?? (under?.[3] ? under : null) ?? paper(isDrawn ? el.closest("svg").parentElement : el);
    own = over(own, below);
    const size = parseFloat(style.fontSize), bold = Number(style.fontWeight) >= 700;
    const least = size >= 24 || (bold && size >= 18.66) ? 3 : 4.5;
    const contrast = ratio(own, below);
    if (contrast < least) found.push(`contrast ${contrast.toFixed(2)}: ${said(el)}`);
  }
  return found;
};
const beyond = () => {
  const { scrollWidth, clientWidth } = document.documentElement;
  return scrollWidth > clientWidth ? [`scrolls sideways: ${scrollWidth} in ${clientWidth}`] : [];
};
const loose = () => {
  const found = [];
  for (const el of document.querySelectorAll("[aria-labelledby], [aria-describedby], label[for]"))
    for (const name of ["aria-labelledby", "aria-describedby", "for"])
      for (const id of (el.getAttribute(name) ?? "").split(/\s+/).filter(Boolean))
        if (!document.getElementById(id)) found.push(`names ${id}, which is not there: ${said(el)}`);
  return found;
};
const stop = () => {
  const el = document.activeElement;
  // behind the last one the focus leaves the page, or comes to the first one again
  if (!el || el === document.body || el === document.documentElement || el === window.firstStop) return null;
  window.firstStop ??= el;
  const style = getComputedStyle(el);
  const isRinged = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const ring = el.querySelector(".chosen");
  const isDrawn = ring && getComputedStyle(ring).display !== "none";
  const before = window.lastStop;
  // a date has three stops of its own
  const follows = !before || before === el || Boolean(before.compareDocumentPosition(el) & Node.DOCUMENT_POSITION_FOLLOWING);
  window.lastStop = el;
  return { name: named(el).slice(0, 60), seen: Boolean(isRinged || isDrawn), follows };
};

