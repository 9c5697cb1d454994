// Dialog that shows one galaxy in large, with all its numbers; the arrow keys move to the
// previous or next galaxy of the list.

const dialog = document.getElementById("galaxy");
let listed = []; // the galaxies that the arrow keys go through
let at = 0;

/** Open a galaxy of a list. */
function openGalaxy(list, index) {
  listed = list;
  show(index);
  if (!dialog.open) dialog.showModal();
}

function show(index) {
  at = Math.min(Math.max(index, 0), listed.length - 1);
  const galaxy = listed[at];
  const put = (name, ...children) => dialog.querySelector(name).replaceChildren(...children);
  put("#galaxy-title", galaxy.id === null ? "Galaxy without an id" : `Galaxy ${galaxy.id}`);
  put(".large", picture(galaxy, true));
  put(".lengths", galaxy.lengths.length ? galaxy.lengths.join(" · ") : words(galaxy.status));
  put(".facts-table", ...galaxyFacts(galaxy).map(([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, value))));
  put(".position", `${(at + 1).toLocaleString("en")} of ${listed.length.toLocaleString("en")}`);
  dialog.querySelector(".previous").disabled = at === 0;
  dialog.querySelector(".next").disabled = at === listed.length - 1;
  const strength = document.getElementById("strength");
  strength.disabled = !galaxy.map;
  document.getElementById("no-map").hidden = Boolean(galaxy.map);
}

function galaxyFacts(galaxy) {
  const facts = [["status", words(galaxy.status)], ...galaxy.facts];
  if (galaxy.error !== null) facts.push(["error of the length", percent(galaxy.error)]);
  if (galaxy.spread !== null) facts.push(["members’ spread", percent(galaxy.spread)]);
  return facts;
}

function wireDialog(closed) {
  const strength = document.getElementById("strength");
  const mix = () => dialog.style.setProperty("--map", String(strength.value / 100));
  strength.addEventListener("input", mix);
  mix();
  const draw = document.getElementById("draw-large");
  draw.addEventListener("change", () => dialog.classList.toggle("without-bars", !draw.checked));
  dialog.querySelector(".close").addEventListener("click", () => dialog.close());
  dialog.querySelector(".previous").addEventListener("click", () => show(at - 1));
  dialog.querySelector(".next").addEventListener("click", () => show(at + 1));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // a click outside the dialog
  });
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step && event.target !== strength) show(at + step);
  });
  dialog.addEventListener("close", () => closed(listed[at]));
}
