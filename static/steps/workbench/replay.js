/** A group as it was at any change that the log still has. */
import { time } from "./format.js";
import { ItemRow } from "./item.js";
import { attempt, h, load, nothing, show } from "./page.js";

const WAIT_MS = 60; // while the slider moves
const STEP_MS = 700; // while it plays
const OPEN = 3;

const at = (id) => document.getElementById(id);

export class Replay {
  #place = null;
  #item = "";
  #first = 0;
  #last = 0;
  #turn = 0;
  #timer = 0;
  #playing = 0;
  #rows = new Map();

  constructor() {
    at("moment").addEventListener("input", () => this.go(Number(at("moment").value)));
    at("earlier").addEventListener("click", () => this.go(this.#at - 1));
    at("later").addEventListener("click", () => this.go(this.#at + 1));
    at("play").addEventListener("click", () => (this.#playing ? this.#stop() : this.#play()));
  }

  get #at() {
    return Number(at("moment").value);
  }

  /** The log goes from *first* to *last* now; who looks at the end stays at the end. */
  open(place, item, first, last) {
    const follows = this.#place === null || this.#at === this.#last;
    const before = this.#at;
    Object.assign(at("moment"), { min: first, max: last });
    this.#place = place;
    this.#item = item;
    this.#first = first;
    this.#last = last;
    at("replay").hidden = last < first;
    if (last >= first) this.go(follows ? last : before, !follows);
  }

  close() {
    this.#stop();
    this.#place = null;
    this.#rows.clear();
    show(at("then"), []);
    show(at("moment-at"), []);
    at("replay").hidden = true;
  }

  /** Show the group as it was after the change *sequence*. */
  go(sequence, isSame = false) {
    const there = Math.min(this.#last, Math.max(this.#first, sequence));
    at("moment").value = there;
    at("earlier").disabled = there <= this.#first;
    at("later").disabled = there >= this.#last;
    if (isSame && there === sequence) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#load(there), WAIT_MS);
  }

  async #load(sequence) {
    const mine = ++this.#turn;
    const place = this.#place;
    if (place === null) return;
    const found = await attempt(() => load("moment", { stream: place.stream.name, group: place.group, sequence }));
    if (mine !== this.#turn || found === undefined || place !== this.#place) return;
    const when = found.at === null ? "" : [" · ", time(found.at)];
    show(at("moment-at"), [`#${sequence} of ${this.#first}–${this.#last}`, ...when].flat());
    this.#show(found.items.filter(({ id }) => this.#item === "" || id === this.#item));
  }

  #show(items) {
    const shown = items.map(({ id, value, kept }) => {
      const row = this.#rows.get(id) ?? new ItemRow(id, [], items.length <= OPEN);
      this.#rows.set(id, row);
      row.value = kept ? value : "(its value is not kept any more)";
      return row.element;
    });
    const empty = this.#item === "" ? "The group was empty then." : "The item was not there then.";
    show(at("then"), shown, nothing(empty, "li"));
  }

  #play() {
    if (this.#at >= this.#last) this.go(this.#first);
    at("play").setAttribute("aria-pressed", "true");
    at("play").textContent = "Stop";
    this.#playing = setInterval(() => {
      if (this.#at >= this.#last) this.#stop();
      else this.go(this.#at + 1);
    }, STEP_MS);
  }

  #stop() {
    clearInterval(this.#playing);
    this.#playing = 0;
    at("play").setAttribute("aria-pressed", "false");
    at("play").textContent = "Play";
  }
}
