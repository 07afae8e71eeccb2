/** A small line of the last minutes, as SVG: it takes the colour of its text and any width. */

const NS = "http://www.w3.org/2000/svg";
const WIDTH = 240;
const HEIGHT = 40;

/** @param {(number | null)[]} values from old to new; null: not known @param {number} places how many fit */
export function spark(values, places) {
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "wb-spark");
  svg.setAttribute("aria-hidden", "true");
  const known = values.filter((value) => value !== null);
  const top = Math.max(...known, 0) || 1;
  const points = values
    .map((value, index) => [((places - values.length + index) / (places - 1)) * WIDTH, value])
    .filter(([, value]) => value !== null)
    .map(([x, value]) => `${x.toFixed(1)},${(HEIGHT - 2 - (value / top) * (HEIGHT - 6)).toFixed(1)}`);
  if (points.length > 1) {
    const [first, last] = [points[0].split(",")[0], points.at(-1).split(",")[0]];
    svg.append(shape("polygon", `${first},${HEIGHT} ${points.join(" ")} ${last},${HEIGHT}`));
    svg.append(shape("polyline", points.join(" ")));
  }
  return svg;
}

function shape(name, points) {
  const element = document.createElementNS(NS, name);
  element.setAttribute("points", points);
  element.setAttribute("vector-effect", "non-scaling-stroke");
  return element;
}
