/** The runs of one trace as bars on a time line, with what they wrote down; kept up while they go on. */
import { badge, duration } from "./format.js";
import { h, show } from "./page.js";

const NS = "http://www.w3.org/2000/svg";

/** @param {HTMLElement} element @param {object[]} runs as the server lists them */
export function showTrace(element, runs) {
  const first = Math.min(...runs.map((run) => run.at));
  const last = Math.max(...runs.map((run) => run.until ?? Date.now()));
  const open = new Set([...element.querySelectorAll("details[open]")].map((one) => one.dataset.run));
  show(
    element,
    runs.map((run) =>
      h(
        "li",
        { "data-run": run.id },
        h(
          "details",
          { "data-run": run.id, open: open.has(run.id) },
          h(
            "summary",
            {},
            h("span", { class: "wb-line" }, h("strong", {}, run.step), badge(run.state), h("span", { class: "wb-faint" }, length(run))),
            bar(run, first, Math.max(1, last - first)),
          ),
          run.reason ? h("p", {}, h("code", {}, run.reason)) : null,
          h("ol", { class: "ep-entries" }, entries(run)),
        ),
      ),
    ),
  );
}

const length = (run) => (run.until === null ? "" : duration(run.until - run.at));

function entries(run) {
  const lines = [
    ...run.operations.map(({ at, name, where }) => ({ at, kind: "operation", text: `${name} ${where}` })),
    ...run.logs.map(({ at, level, message }) => ({ at, kind: level, text: message })),
  ].sort((a, b) => a.at - b.at);
  if (lines.length === 0) return [h("li", { class: "wb-faint" }, "It has written nothing down.")];
  return lines.map(({ at, kind, text }) =>
    h("li", { "data-level": kind }, h("span", { class: "wb-faint" }, duration(at)), " ", h("code", {}, text)),
  );
}

function bar(run, first, all) {
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("class", "ep-bar");
  svg.setAttribute("viewBox", "0 0 100 1");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.dataset.state = run.state;
  const rect = document.createElementNS(NS, "rect");
  const begin = ((run.at - first) / all) * 100;
  const width = (((run.until ?? Date.now()) - run.at) / all) * 100;
  for (const [name, value] of Object.entries({ x: Math.min(begin, 99), y: 0, width: Math.max(1, width), height: 1 })) {
    rect.setAttribute(name, String(value));
  }
  svg.append(rect);
  return svg;
}
