/** The items of a group: joined as the one who looks, or read row by row where that is not allowed, or too much. */
import { StreamClient } from "../../streams/index.js";
import { Editor, remove } from "./editor.js";
import { follow } from "./feed.js";
import { ItemRow, sureButton } from "./item.js";
import { attempt, config, h, load, may, nothing, show } from "./page.js";

const SHOWN = 100; // of a joined group; more when asked for
const OPEN = 6; // so few are opened by themselves

const at = (id) => document.getElementById(id);

export class Items {
  #client;
  #place = null;
  #subscription = null;
  #rows = new Map();
  #items = [];
  #most = SHOWN;
  #turn = 0;
  #after = null; // of the rows, where they go on
  #onLog;
  #editor;

  /** @param {typeof WebSocket} socket @param {(id: string) => void} onLog @param {(place: object) => void} onWritten */
  constructor(socket, onLog, onWritten) {
    this.#client = new StreamClient({ url: config.feed.url, WebSocket: socket });
    this.#onLog = onLog;
    this.#editor = new Editor(at("editor"), (group, id) => {
      if (group !== this.#place?.group) onWritten(group, id);
      else if (this.#subscription === null) this.#again();
    });
    follow("streams", (news) => {
      const mine = news === null || news.some(({ stream, group }) => stream === this.#place?.stream.name && group === this.#place?.group);
      if (mine && this.#place?.group && this.#subscription === null) this.#again();
    });
    at("new").hidden = !may("create");
    at("new").addEventListener("click", () => this.#editor.create(this.#place));
    at("more-items").addEventListener("click", () => this.#more());
  }

  /** Show a group; null: that of none. @param {{stream: object, group: string | null}} place */
  async open(place) {
    this.close();
    this.#place = place;
    const mine = this.#turn;
    if (place.group === null) {
      const text = may("create") ? "No group yet. Make the first item." : "No group yet. It comes with the first item that a step writes.";
      show(at("items"), nothing(text, "li"));
      return;
    }
    const found = await attempt(() => load("items", { stream: place.stream.name, group: place.group }));
    if (mine !== this.#turn || found === undefined) return;
    if (!found.large) this.#join(found);
    else this.#status("ready", "too many items to join: read from the rows");
    if (found.large) this.#showRows(found, true);
  }

  close() {
    this.#turn += 1;
    this.#subscription?.close();
    this.#subscription = null;
    this.#rows.clear();
    this.#items = [];
    this.#most = SHOWN;
    this.#after = null;
    this.#editor.close();
    at("joined").hidden = true;
    at("more-items").hidden = true;
    show(at("items"), []);
    show(at("items-note"), []);
  }

  #join(found) {
    const { stream, group } = this.#place;
    this.#status("ready", "joining");
    let changes = -1;
    this.#subscription = this.#client.group(stream.name, group);
    this.#subscription.on("*", (items) => {
      changes += 1;
      this.#status("running", changes === 0 ? "live" : `live, ${changes} change${changes === 1 ? "" : "s"}`);
      this.#show(items.map((item) => ({ id: item.id, value: item })));
    });
    this.#subscription.on("error", ({ message }) => {
      this.#subscription?.close();
      this.#subscription = null;
      this.#status("skipped", `not joined (${message}): read from the rows`);
      this.#showRows(found, true);
    });
  }

  /** Read as many rows again as are shown. */
  async #again() {
    const mine = this.#turn;
    const { stream, group } = this.#place;
    const items = [];
    let after = 1;
    while (after !== null && (items.length === 0 || items.length < this.#items.length)) {
      const place = { stream: stream.name, group, after: after === 1 ? null : after };
      const found = await attempt(() => load("items", place));
      if (mine !== this.#turn || found === undefined || this.#subscription !== null) return;
      items.push(...found.items);
      after = found.items.length > 0 ? found.after : null;
    }
    this.#showRows({ items, after }, true);
  }

  #showRows({ items, after }, first) {
    this.#after = after;
    this.#show(first ? items : [...this.#items, ...items]);
  }

  #show(items) {
    this.#items = items;
    const shown = this.#subscription === null ? items : items.slice(-this.#most);
    const known = new Set(shown.map(({ id }) => id));
    for (const id of this.#rows.keys()) if (!known.has(id)) this.#rows.delete(id);
    for (const { id, value } of shown) {
      if (!this.#rows.has(id)) this.#rows.set(id, this.#row(id, shown.length <= OPEN));
      this.#rows.get(id).value = value;
    }
    this.#put(shown.map(({ id }) => this.#rows.get(id).element));
    const older = items.length - shown.length;
    at("more-items").hidden = older === 0 && this.#after === null;
    at("more-items").textContent = older > 0 ? `Show ${older} older items, too` : "More items";
    show(at("items-note"), items.length === 1 ? "1 item" : `${items.length}${this.#after === null ? "" : "+"} items`);
    this.#editor.look((id) => items.find((item) => item.id === id)?.value);
  }

  /** Put the rows in order, and leave alone those that are right: focus and open trees stay. */
  #put(elements) {
    const list = at("items");
    if (elements.length === 0) {
      show(list, nothing("The group is empty.", "li"));
      return;
    }
    const wanted = new Set(elements);
    for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
    elements.forEach((element, index) => {
      if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
    });
  }

  #row(id, open) {
    const place = this.#place;
    const button = (text, go) => h("button", { type: "button", class: "wb-button", "aria-label": `${text} ${id}`, onclick: go }, text);
    const gone = async () => {
      await remove(place, id);
      if (this.#subscription === null) this.#again();
    };
    const buttons = [
      button("Log", () => this.#onLog(id)),
      may("edit") ? button("Edit", () => this.#editor.edit(place, id, this.#rows.get(id).value)) : null,
      may("delete") ? sureButton("Delete", `Delete ${id}`, gone) : null,
    ].filter(Boolean);
    return new ItemRow(id, buttons, open);
  }

  async #more() {
    if (this.#subscription !== null) {
      this.#most = Infinity;
      this.#show(this.#items);
      return;
    }
    const { stream, group } = this.#place;
    const found = await attempt(() => load("items", { stream: stream.name, group, after: this.#after }));
    if (found !== undefined) this.#showRows(found, false);
  }

  #status(state, text) {
    at("joined").hidden = false;
    at("joined").dataset.state = state;
    at("joined").textContent = text;
  }
}
