/** A run in a list: what it is and why it is so; opened, what it was given and what came of each attempt. */
import { badge, duration, time } from "./format.js";
import { json } from "./json.js";
import { attempt, h, load, pageUrl, show } from "./page.js";

export class RunRow {
  #text = "";
  #summary = h("summary", {});
  #inside = h("div", { class: "qu-detail" });
  #details;
  #box;
  run = null;

  /** @param {() => void} onChosen called when the box was ticked, or not any more; null: there is none */
  constructor(onChosen) {
    this.#box = onChosen === null ? null : h("input", { type: "checkbox", onchange: onChosen });
    this.#details = h("details", {}, this.#summary, this.#inside);
    this.#details.addEventListener("toggle", () => this.#details.open && attempt(() => this.#open()));
    this.element = h("li", {}, this.#box ?? h("span", {}), this.#details);
  }

  get chosen() {
    return this.#box?.checked ?? false;
  }

  set chosen(chosen) {
    if (this.#box !== null) this.#box.checked = chosen;
  }

  /** Show what the run is now. */
  update(run) {
    const text = JSON.stringify(run);
    if (text === this.#text) return;
    this.#text = text;
    this.run = run;
    this.element.dataset.run = run.id;
    this.#box?.setAttribute("aria-label", `Choose ${run.step} ${run.id}`);
    const tries = run.attempts > 1 ? `${run.attempts} attempts` : "";
    const facts = [`${run.trigger} ${run.source}`, tries].filter(Boolean).join(" · ");
    show(this.#summary, [
      h("span", { class: "wb-line" }, h("strong", {}, run.step), badge(run.state), h("span", { class: "wb-faint" }, facts, " · ", moment(run))),
      ...(run.reason ? [h("code", {}, run.reason)] : []),
    ]);
    if (this.#details.open) attempt(() => this.#open());
  }

  async #open() {
    const run = await load("run", { id: this.run.id });
    const trace = pageUrl("traces", { trace: run.trace });
    const times = [["made", run.created], ["due", run.due], ["started", run.started], ["ended", run.finished]];
    const facts = times.filter(([, at]) => at !== null).flatMap(([name, at]) => [h("dt", {}, name), h("dd", {}, time(at))]);
    if (run.error) facts.push(h("dt", {}, "error"), h("dd", {}, h("code", {}, run.error)));
    show(this.#inside, [
      h("p", { class: "wb-line" }, trace ? h("a", { href: trace }, "Its trace") : null, h("a", { href: run.url }, "Its row")),
      h("dl", {}, facts, h("dt", {}, "id"), h("dd", {}, h("code", {}, run.id))),
      ...(run.reason.includes("\n") ? [h("pre", { tabindex: 0, "aria-label": "Reason" }, run.reason)] : []),
      h("h3", {}, "Input"),
      json(run.input, "Input"),
      ...(run.history.length ? [h("h3", {}, "Attempts that came to nothing"), h("ul", { class: "wb-list" }, run.history.map(failed))] : []),
    ]);
  }
}

/** An attempt that came to nothing. */
function failed({ attempt: number, started_at: began, ended_at: ended, error, traceback }) {
  const took = duration(new Date(ended) - new Date(began));
  const words = h("span", { class: "wb-line" }, `Attempt ${number}`, h("span", { class: "wb-faint" }, time(began), ` · ${took}`));
  return h("li", {}, h("details", {}, h("summary", {}, words, h("code", {}, error)), h("pre", { tabindex: 0, "aria-label": `Traceback of attempt ${number}` }, traceback)));
}

/** When the run ended or began, or when it is due. */
function moment({ state, finished, started, due }) {
  if (state === "ready") return h("span", {}, "due ", time(due));
  return time(finished ?? started ?? due);
}
