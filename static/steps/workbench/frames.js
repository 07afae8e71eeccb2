/** What goes over this page's connection to the streams: every frame in and out, with size and rate. */
import { number, size, time } from "./format.js";
import { h, nothing, show } from "./page.js";

const KEPT = 2000;
const SHOWN = 200;
const RATE_S = 5;
const SHORT = 400;

const at = (id) => document.getElementById(id);

export class Frames {
  #frames = [];
  #waiting = []; // heard while it stands still
  #paused = false;
  #due = false;
  #counts = { in: 0, out: 0 };
  #bytes = { in: 0, out: 0 };

  constructor() {
    for (const id of ["frame-find", "frame-way"]) at(id).addEventListener("input", () => this.show());
    at("pause").addEventListener("click", () => this.#pause(!this.#paused));
    at("clear").addEventListener("click", () => {
      this.#frames = [];
      this.show();
    });
    at("export").addEventListener("click", () => this.#export());
    setInterval(() => at("panel-frames").hidden || this.#showRate(), 1000);
  }

  /** Take a frame. @param {"in" | "out"} way @param {string} text */
  heard(way, text) {
    const bytes = new Blob([text]).size;
    this.#counts[way] += 1;
    this.#bytes[way] += bytes;
    const frame = { at: Date.now(), way, bytes, text };
    (this.#paused ? this.#waiting : this.#frames).push(frame);
    if (this.#frames.length > KEPT) this.#frames.splice(0, this.#frames.length - KEPT);
    if (this.#waiting.length > KEPT) this.#waiting.shift();
    if (this.#due || this.#paused) return;
    this.#due = true;
    setTimeout(() => {
      this.#due = false;
      if (!at("panel-frames").hidden) this.show();
    }, 200);
  }

  show() {
    const shown = this.#fitting().slice(-SHOWN).reverse();
    const empty = this.#frames.length ? "No frame fits." : "Nothing was sent yet. Choose a group, and what comes of it appears here.";
    show(at("frames"), shown.map(row), nothing(empty, "li"));
    this.#showRate();
  }

  #fitting() {
    const find = at("frame-find").value.toLowerCase();
    const way = at("frame-way").value;
    return this.#frames.filter((frame) => (way === "" || frame.way === way) && frame.text.toLowerCase().includes(find));
  }

  #showRate() {
    const since = Date.now() - RATE_S * 1000;
    const rate = (way) => [...this.#frames, ...this.#waiting].filter((one) => one.way === way && one.at > since).length / RATE_S;
    const words = (way) => `${way} ${this.#counts[way]} · ${size(this.#bytes[way])} · ${number(rate(way))}/s`;
    const waiting = this.#waiting.length ? h("span", { class: "wb-badge" }, `${this.#waiting.length} more while paused`) : null;
    show(at("frame-rate"), [h("span", {}, words("in")), h("span", {}, words("out")), waiting].filter(Boolean));
  }

  #pause(paused) {
    this.#paused = paused;
    at("pause").setAttribute("aria-pressed", String(paused));
    at("pause").textContent = paused ? "Go on" : "Pause";
    if (!paused) this.#frames.push(...this.#waiting.splice(0));
    this.show();
  }

  /** A line of JSON per frame, as a file. */
  #export() {
    const lines = this.#fitting().map((frame) => JSON.stringify({ ...frame, at: new Date(frame.at).toISOString() }));
    const href = URL.createObjectURL(new Blob([lines.map((line) => `${line}\n`).join("")], { type: "application/x-ndjson" }));
    h("a", { href, download: "frames.ndjson" }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
  }
}

function row({ at: moment, way, bytes, text }) {
  return h(
    "li",
    { "data-way": way },
    h("span", { class: "wb-line" }, h("strong", {}, way), h("span", { class: "wb-faint" }, time(moment), ` · ${size(bytes)}`)),
    h("code", {}, text.length > SHORT ? `${text.slice(0, SHORT)}…` : text),
  );
}
