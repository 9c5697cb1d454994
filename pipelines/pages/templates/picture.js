// Draw a galaxy's picture, with its map and bars over it.

/** Make an HTML element. Strings among the children become text, never markup. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Make an SVG element. */
function shape(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function stroke([x1, y1, x2, y2], attributes = {}) {
  return shape("line", { x1, y1, x2, y2, ...attributes });
}

const TICK = 3.5; // half length of the strokes across a bar's ends, percent of the side

/** Draw the line of a bar and the strokes across its ends. */
function barStrokes([x1, y1, x2, y2]) {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  const [dx, dy] = [(-(y2 - y1) * TICK) / length, ((x2 - x1) * TICK) / length];
  const ticks = [[x1, y1], [x2, y2]].map(([x, y]) => [x - dx, y - dy, x + dx, y + dy]);
  return [[x1, y1, x2, y2], ...ticks].map((line) => stroke(line));
}

/** Draw the error at both ends: from the bar shortened by its error to the bar lengthened by it. */
function errorStrokes([x1, y1, x2, y2], error) {
  const [x, y, dx, dy] = [(x1 + x2) / 2, (y1 + y2) / 2, (x2 - x1) / 2, (y2 - y1) / 2];
  const at = (part) => [x + part * dx, y + part * dy];
  return [1, -1].map((end) => stroke([...at(end * Math.max(0, 1 - error)), ...at(end * (1 + error))]));
}

function overlay(galaxy) {
  const svg = shape("svg", { viewBox: "0 0 100 100", "aria-hidden": "true", class: "overlay" });
  for (const { kind, line } of galaxy.bars) {
    const bar = shape("g", { class: `bar-${kind}` });
    bar.append(shape("g", { class: "halo" }, ...barStrokes(line)));
    if (kind === "measured" && galaxy.error !== null) {
      bar.append(shape("g", { class: `${kind} error` }, ...errorStrokes(line, galaxy.error)));
    }
    bar.append(shape("g", { class: kind }, ...barStrokes(line)));
    svg.append(bar);
  }
  return svg;
}

function scaleBar({ width, label }) {
  const svg = shape("svg", { viewBox: "0 0 100 100", "aria-hidden": "true", class: "scale" });
  const text = shape("text", { x: 6, y: 90, "font-size": 8 }, label);
  svg.append(shape("path", { d: `M6 93h${width}` }), text);
  return svg;
}

/** Make the picture: the image, the map over it, the bars, and the scale. */
function picture(galaxy, withScale = false) {
  const frame = element("span", { class: "panel frame" });
  if (!galaxy.image) {
    frame.append(element("span", { class: "nothing" }, "no picture"));
    return frame;
  }
  const common = { loading: "lazy", decoding: "async" };
  const alt = `Image of ${galaxy.alt}`;
  frame.append(element("img", { class: "light", src: galaxy.image, alt, ...common }));
  if (galaxy.map) {
    frame.classList.add("mapped");
    frame.append(element("img", { class: "map", src: galaxy.map, alt: "", ...common }));
  }
  frame.append(overlay(galaxy));
  if (withScale && galaxy.scale) frame.append(scaleBar(galaxy.scale));
  return frame;
}

/** Format "no_bar_found" as "no bar found". */
const words = (name) => name.replaceAll("_", " ");

/** Format a share as percent. */
const percent = (share) => `${(100 * share).toPrecision(2)} %`;
