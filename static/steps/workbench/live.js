/** The streams in a response: joined as soon as it is there, their items shown as they become. */
import { StreamClient } from "../../streams/index.js";
import { json } from "./json.js";
import { config, h, pageUrl, show } from "./page.js";

const MOST = 20; // streams of one response
const SHOWN = 50; // items of a group: the one the response named, and the newest

/** The addresses below *value* that `__stream` names, each group once. */
export function streamsIn(value) {
  const found = new Map();
  const look = (part) => {
    if (found.size >= MOST || typeof part !== "object" || part === null) return;
    const { streamName, groupId, id } = part.__stream ?? {};
    if (streamName && groupId) found.set(JSON.stringify([streamName, groupId]), { streamName, groupId, id });
    Object.values(part).forEach(look);
  };
  look(value);
  return [...found.values()];
}

/** *value* with each item that names its stream replaced by what *items* has of it now. */
export function current(value, items) {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((part) => current(part, items));
  const { __stream: stream } = value;
  if (stream) {
    const item = items.get(JSON.stringify([stream.streamName, stream.groupId, stream.id]));
    if (item !== undefined) return { ...item, __stream: stream };
  }
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, current(part, items)]));
}

export class Live {
  #client = null;
  #subscriptions = [];
  #element;
  #onItems;

  /** @param {HTMLElement} element where the groups are shown @param {(items: Map<string, object>) => void} onItems */
  constructor(element, onItems) {
    this.#element = element;
    this.#onItems = onItems;
  }

  /** Follow the streams of *value* and no others. @returns {boolean} whether there are any */
  follow(value) {
    this.stop();
    const addresses = streamsIn(value);
    show(this.#element, addresses.map((address) => this.#join(address)));
    return addresses.length > 0;
  }

  stop() {
    for (const subscription of this.#subscriptions) subscription.close();
    this.#subscriptions = [];
    show(this.#element, []);
  }

  #join({ streamName, groupId, id }) {
    this.#client ??= new StreamClient({ url: config.feed.url });
    const subscription = this.#client.group(streamName, groupId);
    this.#subscriptions.push(subscription);
    const status = h("span", { class: "wb-badge", "data-state": "ready" }, "joining");
    const list = h("ol", { class: "wb-list", "aria-label": `Items of ${streamName} ${groupId}` });
    const more = h("p", { class: "wb-faint" });
    const rows = new Map();
    let changes = 0;
    const refresh = (items) => {
      changes += 1;
      status.dataset.state = "running";
      status.textContent = changes === 1 ? "live" : `live, ${changes - 1} changes`;
      const shown = new Map(items.slice(-SHOWN).map((item) => [item.id, item]));
      const named = items.find((item) => item.id === id);
      if (named !== undefined) shown.set(id, named);
      for (const known of rows.keys()) if (!shown.has(known)) rows.delete(known);
      for (const item of shown.values()) this.#item(rows, item);
      more.textContent = items.length > rows.size ? `and ${items.length - rows.size} older ones` : "";
      show(list, [...rows.values()].map(({ row }) => row), h("li", { class: "wb-empty" }, "The group is empty."));
      this.#onItems(new Map(items.map((item) => [JSON.stringify([streamName, groupId, item.id]), item])));
    };
    subscription.on("*", refresh);
    subscription.on("error", ({ message }) => {
      status.dataset.state = "failed";
      status.textContent = `not joined: ${message}`;
    });
    const name = h("code", {}, `${streamName} / ${groupId}`);
    const href = pageUrl("streams", { stream: streamName, group: groupId });
    return h("section", { class: "ep-stream" }, h("p", { class: "wb-line" }, href ? h("a", { href }, name) : name, status), list, more);
  }

  #item(rows, item) {
    const known = rows.get(item.id);
    if (known === undefined) {
      const viewer = json(item);
      rows.set(item.id, { row: h("li", { "data-item": item.id }, viewer), viewer, text: JSON.stringify(item) });
    } else if (known.text !== JSON.stringify(item)) {
      known.viewer.data = item;
      known.text = JSON.stringify(item);
      known.row.classList.remove("ep-changed");
      requestAnimationFrame(() => known.row.classList.add("ep-changed"));
    }
  }
}
