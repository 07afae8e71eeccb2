/** One trace: its time line, what was written down, and one of its runs more closely. */
import { refreshing } from "./feed.js";
import { badge, duration, time } from "./format.js";
import { attempt, copy, h, load, nothing, pageUrl, show } from "./page.js";
import { showEntries } from "./entries.js";
import { showRun } from "./run.js";
import { span } from "./runtree.js";
import { Timeline } from "./timeline.js";

const DRAW_MS = 200; // while it goes on
const at = (id) => document.getElementById(id);

export class TraceView {
  id = null;
  #runs = [];
  #run = null; // the chosen one
  #runShown = ""; // and how it is shown
  #pages = 1;
  #after = null;
  #offset = 0; // of the server's clock
  #timeline = new Timeline(at("timeline"), at("scale"), (id) => this.#choose(id));
  #onTouch;
  #refresh = refreshing([], () => attempt(() => this.#read()), 300);

  /** @param {() => void} onTouch called when the user looks at something in it more closely */
  constructor(onTouch) {
    this.#onTouch = onTouch;
    setInterval(() => this.#tick(), DRAW_MS);
    for (const name of ["operations", "logs"]) at(name).addEventListener("click", () => this.#toggle(at(name)));
    at("more-runs").addEventListener("click", () => {
      this.#pages += 1;
      this.#refresh();
    });
  }

  /** Show the trace of that id; null: none. */
  open(id) {
    if (id === this.id) return;
    [this.id, this.#runs, this.#run, this.#pages, this.#after] = [id, [], null, 1, null];
    this.#refresh();
  }

  /** Look again if the news are about this trace. @param {object[] | null} news */
  hear(news) {
    const about = ({ id, trace }) => trace === this.id || this.#runs.some((run) => run.id === id);
    if (news === null || news.some(about)) this.#refresh();
  }

  async #read() {
    const { id } = this;
    const runs = [];
    let after = "";
    let now = Date.now();
    for (let page = 0; id !== null && after !== null && page < this.#pages; page += 1) {
      const answer = await load("trace", { id, after });
      runs.push(...answer.runs);
      ({ after, now } = answer);
    }
    if (id !== this.id) return;
    [this.#runs, this.#after, this.#offset] = [runs, after || null, now - Date.now()];
    this.#show();
  }

  #show() {
    const shown = this.#runs.length > 0;
    at("trace").hidden = !shown;
    at("no-trace").hidden = shown;
    if (!shown) {
      const words = "It is not there yet, or not any more: runs are kept for a week. A request is written down when it is answered.";
      show(at("no-trace"), nothing(this.id === null ? "Choose a trace to see what happened in it." : words));
      return;
    }
    this.#showHead();
    this.#timeline.show(this.#runs, this.#now(), this.#run);
    at("more-runs").hidden = this.#after === null;
    this.#showRun();
    this.#showEntries();
  }

  #showRun() {
    const run = this.#runs.find(({ id }) => id === this.#run);
    at("run").hidden = run === undefined;
    const shown = run ? `${run.id} ${run.state} ${run.attempts.length}` : "";
    if (shown && shown !== this.#runShown) showRun(at("run"), run, () => this.#choose(run.id));
    this.#runShown = shown;
  }

  #showHead() {
    const [root] = this.#runs;
    const logs = pageUrl("logs", { trace: this.id });
    show(at("trace-title"), root.step);
    show(at("trace-source"), `${root.trigger} ${root.source}`);
    this.#showSum();
    if (at("trace-id").textContent === this.id) return;
    show(at("trace-id"), this.id);
    const button = h("button", { type: "button", class: "wb-button", onclick: () => copy(this.id, button) }, "Copy id");
    show(at("trace-links"), [button, logs ? h("a", { href: logs }, "Its log lines") : null, h("a", { href: `?trace=${this.id}` }, "Link")].filter(Boolean));
  }

  #showSum() {
    const { from, until, open } = span(this.#runs, this.#now());
    const states = this.#runs.map(({ state }) => state);
    const state = ["running", "ready", "dead", "failed", "cancelled"].find((one) => states.includes(one)) ?? "done";
    show(at("trace-sum"), [badge(state), h("span", {}, duration(until - from)), h("span", { class: "wb-faint" }, time(from))]);
    at("trace").dataset.state = state;
    return open;
  }

  #showEntries() {
    const kinds = new Set(["operations", "logs"].filter((name) => at(name).getAttribute("aria-pressed") === "true"));
    const { from } = span(this.#runs, this.#now());
    showEntries(at("entries"), this.#runs, { from, kinds, run: this.#run });
    const chosen = this.#runs.find(({ id }) => id === this.#run);
    show(at("entries-title"), chosen ? `What ${chosen.step} wrote down` : "What was written down");
  }

  #tick() {
    if (document.hidden || this.#runs.length === 0 || !span(this.#runs, 0).open) return;
    this.#timeline.draw(this.#now());
    this.#showSum();
  }

  #choose(id) {
    this.#run = this.#run === id ? null : id;
    this.#onTouch();
    this.#show();
  }

  #toggle(button) {
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    this.#showEntries();
  }

  #now() {
    return Date.now() + this.#offset;
  }
}
