// The gallery: filter and sort the galaxies, and choose what is drawn on them.

const { galaxies, unit, views } = JSON.parse(document.getElementById("galaxies").textContent);
const form = document.getElementById("choose");
const list = document.getElementById("tiles");
const more = document.getElementById("more");
const all = document.getElementById("all");
const told = document.getElementById("told");
const direction = document.getElementById("direction");

const STEPS = 200; // steps of a slider
const FIRST = 30; // galaxies shown at first, and added by "Show more"

const state = { view: null, falling: true, shown: FIRST, chosen: [] };
const tiles = new Map();

const TELL = {
  vote: (g) => `bar fraction ${g.vote.toFixed(2)}`,
  length: (g) => (g.vote === null ? "" : TELL.vote(g)), // the length is the title
  error: (g) => `error ${percent(g.error)}`,
  spread: (g) => `members differ by ${percent(g.spread)}`,
  off: (g) => `off by a factor ${Math.exp(g.off).toFixed(2)}`,
};

/** By key: a pair of sliders, the full range of the values and the chosen part of it. */
const ranges = new Map();

function wireRange(field) {
  const key = field.dataset.range;
  const [low, high] = field.querySelectorAll("input");
  const values = galaxies.map((g) => g[key]).filter((value) => value !== null);
  const [least, most] = key === "vote" ? [0, 1] : [0, Math.max(...values)];
  const value = (input) => least + ((most - least) * input.value) / STEPS;
  const text = (number) => (key === "vote" ? number.toFixed(2) : number.toPrecision(3));
  const range = {
    isWhole: () => Number(low.value) === 0 && Number(high.value) === STEPS,
    holds: (number) => number !== null && number >= value(low) - 1e-9 && number <= value(high) + 1e-9,
    reset() {
      [low.value, high.value] = [0, STEPS];
      range.tell();
    },
    tell() {
      const named = key === "vote" ? "" : ` ${unit}`;
      for (const input of [low, high]) {
        input.setAttribute("aria-valuetext", `${text(value(input))}${named}`);
      }
      field.querySelector("output").value = `${text(value(low))} to ${text(value(high))}${named}`;
      field.style.setProperty("--low", low.value / STEPS);
      field.style.setProperty("--high", high.value / STEPS);
      low.style.zIndex = low.value > STEPS / 2 ? 2 : 1; // so that each thumb can be reached
    },
  };
  low.addEventListener("input", () => { low.value = Math.min(low.value, high.value); });
  high.addEventListener("input", () => { high.value = Math.max(low.value, high.value); });
  ranges.set(key, range);
  range.tell();
}

function choose() {
  const statuses = new Set([...form.querySelectorAll("[name=status]:checked")].map((s) => s.value));
  const narrowed = [...ranges].filter(([, range]) => !range.isWhole());
  const kept = galaxies.filter((g) => statuses.has(g.status)
    && narrowed.every(([key, range]) => range.holds(g[key])));
  const key = form.elements.key.value;
  const sign = state.falling ? -1 : 1;
  const known = kept.filter((g) => g[key] !== null).sort((a, b) => sign * (a[key] - b[key]));
  state.chosen = [...known, ...kept.filter((g) => g[key] === null)];
}

function tile(galaxy) {
  const title = galaxy.lengths[0] ?? words(galaxy.status);
  const button = element("button", { type: "button", class: "tile" }, picture(galaxy),
    element("span", { class: "tile-title" }, title), element("span", { class: "tile-note" }));
  button.addEventListener("click", () => openGalaxy(state.chosen, state.chosen.indexOf(galaxy)));
  return element("li", {}, button);
}

function tileOf(galaxy) {
  if (!tiles.has(galaxy)) tiles.set(galaxy, tile(galaxy));
  const made = tiles.get(galaxy);
  const key = [form.elements.key.value, "vote"].find((name) => galaxy[name] !== null);
  const note = key ? TELL[key](galaxy) : "";
  made.querySelector(".tile-note").textContent = note;
  return made;
}

function render() {
  choose();
  const shown = state.chosen.slice(0, state.shown);
  list.replaceChildren(...shown.map(tileOf));
  const left = state.chosen.length - shown.length;
  more.hidden = all.hidden = left === 0;
  more.textContent = `Show ${Math.min(left, FIRST)} more`;
  all.textContent = `Show all ${state.chosen.length.toLocaleString("en")}`;
  told.textContent = state.chosen.length
    ? `${state.chosen.length.toLocaleString("en")} of ${galaxies.length.toLocaleString("en")} galaxies`
    : "No galaxy matches: widen a range or tick a status.";
  const view = views.find((v) => v.name === state.view);
  document.getElementById("why").textContent = view ? view.why : "";
  for (const button of form.querySelectorAll("[data-view]")) {
    button.setAttribute("aria-pressed", String(button.dataset.view === (state.view ?? "")));
  }
  direction.textContent = state.falling ? "largest first" : "smallest first";
  showOnSky(state.chosen);
}

function changed(view = "changed") {
  state.view = view;
  state.shown = FIRST;
  render();
}

/** Apply a named view: its order and its status; "": all galaxies. */
function look(name) {
  const view = views.find((v) => v.name === name);
  for (const range of ranges.values()) range.reset();
  for (const status of form.querySelectorAll("[name=status]")) {
    status.checked = !view || status.value === view.status;
  }
  form.elements.key.value = view ? view.key : form.elements.key.options[0].value;
  state.falling = view ? view.falling : true;
  changed(view ? name : null);
}

/** Show more tiles and move the keyboard focus to the first new one. */
function grow(to) {
  const before = state.shown;
  state.shown = to;
  render();
  list.children[before]?.querySelector("button").focus();
}

function start() {
  form.querySelectorAll("[data-range]").forEach(wireRange);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    const range = event.target.closest("[data-range]");
    if (range) ranges.get(range.dataset.range).tell();
    if (event.target.name === "map") list.classList.toggle("with-maps", event.target.checked);
    else if (event.target.name === "bars") list.classList.toggle("without-bars", !event.target.checked);
    else changed();
  });
  for (const button of form.querySelectorAll("[data-view]")) {
    button.addEventListener("click", () => look(button.dataset.view));
  }
  direction.addEventListener("click", () => {
    state.falling = !state.falling;
    changed();
  });
  more.addEventListener("click", () => grow(state.shown + FIRST));
  all.addEventListener("click", () => grow(state.chosen.length));
  wireDialog((galaxy) => tiles.get(galaxy)?.querySelector("button").focus());
  wireSky(galaxies, (galaxy) => openGalaxy(state.chosen, state.chosen.indexOf(galaxy)));
  const wide = matchMedia("(min-width: 60rem)"); // wide windows do not show the summary
  const unfold = () => { form.closest("details").open = wide.matches; };
  wide.addEventListener("change", unfold);
  unfold();
  look("");
  document.getElementById("explorer").hidden = false;
}

start();
