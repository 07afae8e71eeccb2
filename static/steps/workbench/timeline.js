/** The runs of one trace over the time: a row each, below the one that caused it; bars for attempts, marks for what they wrote down. */
import { badge, duration, stateName } from "./format.js";
import { keep } from "./keep.js";
import { h, show } from "./page.js";
import { beginOf, nested, span, unfinished } from "./runtree.js";

const DEEPEST = 8;
const MARKS = 200; // of one run
const STEPS = [0, 0.25, 0.5, 0.75, 1];

export class Timeline {
  #list;
  #scale;
  #runs = [];
  #chosen = null;
  #onRun;

  /** @param {HTMLElement} list @param {HTMLElement} scale @param {(id: string) => void} onRun called when a row is clicked */
  constructor(list, scale, onRun) {
    this.#list = list;
    this.#scale = scale;
    this.#onRun = onRun;
  }

  /** Show these runs, at that moment. @param {object[]} runs @param {number} now @param {string | null} chosen a run */
  show(runs, now, chosen) {
    this.#runs = runs;
    this.#chosen = chosen;
    const rows = nested(runs);
    keep(this.#list, rows, {
      key: ([run]) => run.id,
      make: ([run]) => this.#row(run),
      update: (row, [run, depth]) => this.#update(row, run, depth),
    });
    this.draw(now);
  }

  /** Bring the bars to that moment. */
  draw(now) {
    if (this.#runs.length === 0) return;
    const { from, until } = span(this.#runs, now);
    const place = (moment) => Math.min(100, Math.max(0, ((moment - from) / (until - from)) * 100));
    show(
      this.#scale,
      STEPS.map((part) => placed(h("span", {}, part === 0 ? "0" : duration((until - from) * part)), part * 100)),
    );
    for (const run of this.#runs) {
      const row = this.#list.querySelector(`[data-run="${run.id}"]`);
      row.querySelector(".tl-took").textContent = tookText(run, now);
      show(row.querySelector(".tl-track"), bars(run, now, place));
    }
  }

  #row(run) {
    const button = h("button", { type: "button", class: "tl-row", onclick: () => this.#onRun(run.id) });
    button.append(
      h("span", { class: "tl-name" }, h("strong", {}, run.step), h("span", { class: "tl-state" }), h("span", { class: "wb-faint tl-tries" })),
      h("span", { class: "tl-track", "aria-hidden": "true" }),
      h("span", { class: "tl-took" }),
    );
    return h("li", { "data-run": run.id }, button);
  }

  #update(row, run, depth) {
    row.dataset.state = run.state;
    row.dataset.depth = String(Math.min(depth, DEEPEST));
    const parent = this.#runs.find(({ id }) => id === run.parent);
    row.firstElementChild.setAttribute("aria-pressed", String(run.id === this.#chosen));
    row.firstElementChild.setAttribute("aria-description", parent ? `caused by ${parent.step}` : "");
    const state = row.querySelector(".tl-state");
    if (state.dataset.shown !== run.state) show(state, badge(run.state));
    state.dataset.shown = run.state;
    const tries = run.attempts.length;
    row.querySelector(".tl-tries").textContent = tries > 1 ? `${tries} attempts` : "";
  }
}

function bars(run, now, place) {
  const end = run.until ?? now;
  const parts = [placed(h("span", { class: "tl-wait" }), place(beginOf(run)), place(end))];
  for (const one of run.attempts) {
    const state = one.error ? "dead" : run.state;
    const words = one.error ? `attempt ${one.number}: ${one.error}` : `attempt ${one.number}: ${stateName(run.state)}`;
    parts.push(placed(h("span", { class: "tl-bar", "data-state": state, title: words }), place(one.at), place(one.until ?? end)));
  }
  const marks = [...run.operations.map(({ at }) => [at, "operation"]), ...run.logs.map(({ at, level }) => [at, level])];
  for (const [at, kind] of marks.slice(-MARKS)) parts.push(placed(h("span", { class: "tl-mark", "data-kind": kind }), place(at)));
  return parts;
}

function tookText(run, now) {
  if (run.attempts.length === 0) return unfinished(run) ? "" : "–";
  const last = run.attempts.at(-1);
  return duration((last.until ?? run.until ?? now) - last.at);
}

/** Where an element is, in percent: the policy forbids style attributes, not styles that a script sets. */
function placed(element, from, until = null) {
  element.style.left = `${from}%`;
  if (until !== null) element.style.width = `${until - from}%`;
  return element;
}
