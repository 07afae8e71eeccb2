/** The log of a group or of one item: what each change did; and the group as it was at any of them. */
import { differences } from "./difference.js";
import { follow } from "./feed.js";
import { time } from "./format.js";
import { attempt, h, load, nothing, show } from "./page.js";
import { Replay } from "./replay.js";

const KINDS = { create: "done", update: "running", delete: "failed" };
const LONG = 300;

const at = (id) => document.getElementById(id);

export class Changes {
  #place = null;
  #item = "";
  #changes = [];
  #before = null; // where the log goes on
  #turn = 0;
  #replay = new Replay();
  #onItem;

  /** @param {(id: string) => void} onItem the log of another item (""): of all) is wanted */
  constructor(onItem) {
    this.#onItem = onItem;
    at("log-all").addEventListener("click", () => onItem(""));
    at("more-log").addEventListener("click", () => this.#more());
    follow("streams", (news) => {
      if (this.#place === null) return;
      const { stream, group } = this.#place;
      if (news === null || news.some((one) => one.stream === stream.name && one.group === group)) this.#again();
    });
  }

  /** @param {{stream: object, group: string | null}} place @param {string} item "": all of the group */
  async open(place, item) {
    this.close();
    at("log-filter").hidden = item === "";
    show(at("log-item"), ["Of ", h("strong", {}, item)]);
    if (place.group === null || place.stream.history === null || place.stream.storage !== "default") {
      const why = place.group === null ? "No group is chosen." : "This stream keeps no log: history=None, or its storage has none.";
      at("replay").hidden = true;
      show(at("log"), nothing(why, "li"));
      return;
    }
    this.#place = place;
    this.#item = item;
    await this.#again();
  }

  close() {
    this.#turn += 1;
    this.#place = null;
    this.#replay.close();
    at("more-log").hidden = true;
  }

  async #again() {
    const mine = ++this.#turn;
    const found = await attempt(() => load("log", this.#query()));
    if (mine !== this.#turn || found === undefined) return;
    const newest = this.#changes[0]?.sequence ?? 0;
    const goesOn = this.#changes.length > 0 && found.changes.some(({ sequence }) => sequence <= newest);
    if (goesOn && this.#changes[0].place === this.#place) {
      const fresh = found.changes.filter(({ sequence }) => sequence > newest);
      this.#changes = [...this.#kept(fresh), ...this.#changes];
    } else {
      this.#changes = this.#kept(found.changes);
      this.#before = found.before;
    }
    this.#show();
    this.#replay.open(this.#place, this.#item, found.first, found.last);
  }

  #kept = (changes) => changes.map((change) => ({ ...change, place: this.#place }));

  async #more() {
    const mine = this.#turn;
    const found = await attempt(() => load("log", { ...this.#query(), before: this.#before }));
    if (mine !== this.#turn || found === undefined) return;
    this.#changes.push(...this.#kept(found.changes));
    this.#before = found.before;
    this.#show();
  }

  #query() {
    return { stream: this.#place.stream.name, group: this.#place.group, item: this.#item };
  }

  #show() {
    at("more-log").hidden = this.#before === null;
    const empty = this.#before === null ? "The log has no change any more; the next ones appear here." : "None among the newest changes: look at older ones.";
    show(at("log"), this.#changes.map((change) => this.#row(change)), nothing(empty, "li"));
  }

  #row(change) {
    const { sequence, kind, id, at: moment } = change;
    const there = () => this.#replay.go(sequence);
    return h(
      "li",
      { "data-sequence": sequence },
      h(
        "p",
        { class: "wb-line" },
        h("span", { class: "wb-faint" }, `#${sequence}`),
        h("span", { class: "wb-badge", "data-state": KINDS[kind] }, kind),
        h("button", { type: "button", class: "st-link", "aria-label": `Log of ${id}`, onclick: () => this.#onItem(id) }, id),
        h("span", { class: "wb-faint" }, time(moment)),
        h("button", { type: "button", class: "st-link st-then", "aria-label": `as it was then, after change ${sequence}`, onclick: there }, "as it was then"),
      ),
      h("ul", { class: "st-difference" }, difference(change)),
    );
  }
}

function difference({ kind, before, value, kept }) {
  if (!kept) return [h("li", { class: "wb-faint" }, "What was before is not kept any more. ", h("ins", {}, short(value)))];
  const found = differences(kind === "create" ? undefined : before, kind === "delete" ? undefined : value);
  if (found.length === 0) return [h("li", { class: "wb-faint" }, "Written again, and nothing is different.")];
  return found.map((one) =>
    h(
      "li",
      {},
      one.path === "" ? null : h("code", {}, `${one.path} `),
      "before" in one ? h("del", { "aria-label": "before" }, short(one.before)) : null,
      " ",
      "after" in one ? h("ins", { "aria-label": "after" }, short(one.after)) : null,
    ),
  );
}

function short(value) {
  const text = JSON.stringify(value);
  return text.length > LONG ? `${text.slice(0, LONG)}…` : text;
}
