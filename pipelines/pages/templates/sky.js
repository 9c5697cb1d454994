// Show the gallery's galaxies as points on the map of the sky.

const points = new Map();

/** Draw a point for each galaxy with a position. A click calls `open` with its galaxy. */
function wireSky(galaxies, open) {
  const place = document.getElementById("sky-points");
  if (!place) return;
  for (const galaxy of galaxies.filter((g) => g.sky)) {
    const [cx, cy] = galaxy.sky;
    const point = shape("circle", { cx, cy, r: 1.5 }, shape("title", {}, galaxy.alt));
    point.addEventListener("click", () => open(galaxy));
    points.set(galaxy, point);
    place.append(point);
  }
}

/** Hide the points of all galaxies but the chosen ones. */
function showOnSky(chosen) {
  const kept = new Set(chosen);
  for (const [galaxy, point] of points) point.classList.toggle("left-out", !kept.has(galaxy));
}
