/** The diagram of a flow on a canvas: nodes and edges as declared, laid out by dagre, steps lit while they run. */
import { colour, onTheme } from "./colours.js";
import cytoscape from "./vendor/cytoscape/cytoscape.esm.min.mjs";
import dagre from "./vendor/cytoscape-dagre/cytoscape-dagre.min.mjs";

cytoscape.use(dagre);

const FONT = '"Segoe UI", system-ui, Roboto, "Helvetica Neue", Arial, sans-serif';
const MONO = 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace';
const SHAPES = { cron: "round-octagon", stream: "barrel", state: "barrel", label: "round-tag" };
const LIT_MS = 900;
const LARGEST = 1.15;
const SMALLEST = 0.55;
const GAP = 36;

export class Diagram {
  #graph;
  #element;
  #chosen;

  /** @param {HTMLElement} element @param {(step: string) => void} onStep called when a step is clicked */
  constructor(element, onStep) {
    this.#element = element;
    this.#graph = cytoscape({
      container: element,
      minZoom: 0.2,
      maxZoom: 2.5,
      boxSelectionEnabled: false,
      autounselectify: true,
    });
    this.#graph.on("tap", "node[kind = 'step']", ({ target }) => onStep(target.data("label")));
    this.#graph.on("mouseover", "node[kind = 'step']", () => (element.style.cursor = "pointer"));
    this.#graph.on("mouseout", "node[kind = 'step']", () => (element.style.cursor = ""));
    this.#graph.style(styles());
    onTheme(() => this.#graph.style(styles()));
    new ResizeObserver(() => this.fit()).observe(element);
  }

  /** Show other nodes and edges. */
  show({ nodes, edges }) {
    this.#graph.elements().remove();
    this.#graph.add([
      ...nodes.map((node) => ({
        group: "nodes",
        data: { ...node, text: shortened(node), first: node.triggers?.[0] ?? "", ...box(node) },
      })),
      ...edges.map((edge, index) => ({
        group: "edges",
        data: { id: `edge${index}`, ...edge, look: edge.virtual ? "virtual" : edge.conditional ? "conditional" : "plain" },
      })),
    ]);
    this.#element.dataset.nodes = String(this.#graph.nodes().length);
    this.#element.dataset.edges = String(this.#graph.edges().length);
    this.#lay();
  }

  /** Lay out each connected part for itself, and the parts in rows; left to right or top to bottom, as it is larger. */
  #lay() {
    const { clientWidth: width, clientHeight: height } = this.#element;
    const parts = this.#graph.elements().components();
    const tried = ["LR", "TB"].map((rankDir) => {
      for (const part of parts) part.layout({ name: "dagre", rankDir, nodeSep: 20, rankSep: 46, fit: false }).run();
      const places = packed(parts.map((part) => part.boundingBox()), width / height);
      for (const [index, part] of parts.entries()) part.nodes().shift(places[index]);
      const box = this.#graph.elements().boundingBox();
      const nodes = this.#graph.nodes().map((node) => [node, { ...node.position() }]);
      return { zoom: Math.min(width / box.w, height / box.h), nodes };
    });
    const best = tried[0].zoom >= tried[1].zoom ? tried[0] : tried[1];
    for (const [node, position] of best.nodes) node.position(position);
    this.fit();
  }

  /** Show all of it, no larger than it was drawn; of what would be too small to read, the beginning. */
  fit() {
    this.#graph.resize();
    this.#graph.fit(undefined, 24);
    const zoom = Math.min(LARGEST, Math.max(SMALLEST, this.#graph.zoom()));
    if (zoom === this.#graph.zoom()) return;
    this.#graph.zoom(zoom);
    this.#graph.center();
    const box = this.#graph.elements().renderedBoundingBox();
    this.#graph.panBy({ x: Math.max(0, 24 - box.x1), y: Math.max(0, 24 - box.y1) });
  }

  /** @param {number} factor */
  zoom(factor) {
    const middle = { x: this.#element.clientWidth / 2, y: this.#element.clientHeight / 2 };
    this.#graph.zoom({ level: this.#graph.zoom() * factor, renderedPosition: middle });
  }

  /** Mark one step as chosen. */
  choose(step) {
    this.#chosen?.removeClass("chosen");
    this.#chosen = this.#step(step).addClass("chosen");
  }

  /** Light the steps that run, by how many of their runs go on. @param {Map<string, number>} counts */
  light(counts) {
    for (const node of this.#graph.nodes("[kind = 'step']")) {
      const count = counts.get(node.data("label")) ?? 0;
      node.toggleClass("running", count > 0);
      node.data("text", shortened(node.data(), count));
    }
  }

  /** A run of *step* has ended just now: light it for a moment. */
  flash(step, state) {
    const node = this.#step(step);
    const look = ["dead", "failed"].includes(state) ? "broken" : "done";
    node.addClass(look);
    setTimeout(() => node.removeClass(look), LIT_MS);
  }

  #step(name) {
    return this.#graph.getElementById(`step:${name}`);
  }
}

/** How far to move boxes so that they stand in rows, which together have about that ratio of width to height. */
function packed(boxes, ratio) {
  const area = boxes.reduce((sum, { w, h }) => sum + (w + GAP) * (h + GAP), 0);
  const width = Math.max(Math.sqrt(area * ratio), ...boxes.map(({ w }) => w));
  const order = boxes.map((_, index) => index).sort((a, b) => boxes[b].h - boxes[a].h || a - b);
  const places = [];
  let [x, y, row] = [0, 0, 0];
  for (const index of order) {
    const { x1, y1, w, h } = boxes[index];
    if (x > 0 && x + w > width) [x, y, row] = [0, y + row + GAP, 0];
    places[index] = { x: x - x1, y: y - y1 };
    x += w + GAP;
    row = Math.max(row, h);
  }
  return places;
}

const shortened = ({ label, kind }, count = 0) => {
  const text = label.replace(/^(stream|state)\//, "");
  const cut = text.length > 34 ? `${text.slice(0, 33)}…` : text;
  return kind === "step" && count > 1 ? `${cut}  ×${count}` : cut;
};

function box({ label, kind }) {
  const length = Math.min(34, label.length);
  return { width: kind === "step" ? Math.max(120, length * 8 + 36) : length * 7.2 + 34, height: kind === "step" ? 46 : 30 };
}

function styles() {
  const [ink, ground, line, muted] = ["--wb-loud", "--wb-ground", "--wb-control", "--wb-muted"].map((name) => colour(`var(${name})`));
  const kinds = ["http", "topic", "queue", "cron", "stream", "state", "label"];
  const of = (kind) => colour("var(--flow-kind)", kind);
  const lit = (selector, name) => ({
    selector,
    style: { "background-color": colour(`var(${name}-soft)`), "border-color": colour(`var(${name})`), "border-width": 4 },
  });
  return [
    {
      selector: "node",
      style: {
        label: "data(text)", width: "data(width)", height: "data(height)", shape: "round-rectangle",
        "text-valign": "center", "text-halign": "center", "font-family": MONO, "font-size": 11.5, color: ink,
        "background-color": ground, "border-width": 1.5, "border-color": line, "overlay-opacity": 0,
        "transition-property": "background-color, border-color, border-width", "transition-duration": 160,
      },
    },
    ...kinds.map((kind) => ({
      selector: `node[kind = '${kind}']`,
      style: { "border-color": of(kind), color: of(kind), shape: SHAPES[kind] ?? "round-rectangle" },
    })),
    { selector: "node[kind = 'topic']", style: { "corner-radius": 15 } },
    { selector: "node[kind = 'label']", style: { "border-style": "dashed", color: muted } },
    {
      selector: "node[kind = 'step']",
      style: { "font-family": FONT, "font-size": 13, "font-weight": 600, "border-width": 2, "corner-radius": 10 },
    },
    ...kinds.map((kind) => ({ selector: `node[kind = 'step'][first = '${kind}']`, style: { "border-color": of(kind) } })),
    {
      selector: "edge",
      style: {
        width: 1.6, "line-color": line, "target-arrow-color": line, "target-arrow-shape": "triangle", "arrow-scale": 0.9,
        "curve-style": "bezier", "overlay-opacity": 0,
      },
    },
    {
      selector: "edge[look = 'conditional']",
      style: {
        "line-style": "dashed", label: "if", "font-family": FONT, "font-size": 11, color: muted,
        "text-background-color": ground, "text-background-opacity": 1, "text-background-padding": 3,
      },
    },
    { selector: "edge[look = 'virtual']", style: { "line-style": "dotted", opacity: 0.65 } },
    { selector: ".chosen", style: { "background-color": colour("var(--wb-accent-soft)"), "border-width": 3 } },
    lit(".done", "--wb-good"),
    lit(".broken", "--wb-bad"),
    lit(".running", "--wb-warn"),
  ];
}
