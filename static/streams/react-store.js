/** What React's hooks share: clients by who holds them, subscriptions by who shows them. */

/** @type {WeakMap<object, number>} how many components hold a client */
const held = new WeakMap();

/** @type {WeakMap<object, Map<string, Store>>} the stores of each client, by address */
const stores = new WeakMap();

/**
 * Keep a client connected. @returns {() => void} let go of it: it disconnects a moment after the last has done so,
 * since React, in StrictMode, lets go and takes hold again in one breath.
 */
export function hold(client) {
  held.set(client, (held.get(client) ?? 0) + 1);
  client.connect();
  return () => {
    held.set(client, held.get(client) - 1);
    setTimeout(() => held.get(client) === 0 && client.disconnect());
  };
}

/** The store for an address, shared by all components that show it. */
export function storeOf(client, address, initial) {
  if (!stores.has(client)) stores.set(client, new Map());
  const all = stores.get(client);
  const key = JSON.stringify(Object.values(address));
  if (!all.has(key)) all.set(key, new Store(client, address, initial, () => all.delete(key)));
  return all.get(key);
}

/** What is shown where there is nothing to follow. */
export const NOTHING = { subscribe: () => () => {}, snapshot: () => IDLE, first: () => IDLE };
const IDLE = Object.freeze({ data: undefined, event: null, status: "closed", error: null });

/** A subscription in the terms of `useSyncExternalStore`: it begins with the first who looks and ends after the last. */
class Store {
  #client;
  #address;
  /** What the next subscription begins with. */
  #known;
  #listeners = new Set();
  #subscription = null;
  #first;
  #shown;
  #forget;

  constructor(client, address, initial, forget) {
    this.#client = client;
    this.#address = address;
    const data = address.id === null ? initial?.items : initial?.item;
    this.#first = this.#shown = { data, event: null, status: "joining", error: null };
    this.#known = initial;
    this.#forget = forget;
  }

  subscribe = (listener) => {
    this.#listeners.add(listener);
    if (this.#subscription === null) this.#open();
    return () => {
      this.#listeners.delete(listener);
      setTimeout(() => this.#listeners.size === 0 && this.#close());
    };
  };

  snapshot = () => this.#shown;

  first = () => this.#first;

  #open() {
    const { streamName, groupId, id } = this.#address;
    const options = { initial: this.#known };
    const event =
      id === null
        ? this.#client.group(streamName, groupId, options)
        : this.#client.item(streamName, groupId, id, options);
    this.#subscription = event;
    event.on("*", (data) => this.#show({ data }));
    event.on("error", (error) => this.#show({ error }));
    event.onStatus((status) => this.#show(status === "live" ? { status, error: null } : { status }));
    this.#show({ event, status: event.status });
  }

  #close() {
    const subscription = this.#subscription;
    if (subscription === null) return;
    const state = subscription.getState();
    this.#known = { ...subscription.position, [this.#address.id === null ? "items" : "item"]: state };
    this.#subscription = null;
    subscription.close();
    this.#forget(); // whoever kept this store opens it again
    this.#shown = { ...this.#shown, event: null, status: "joining" };
  }

  #show(news) {
    if (news.status === "closed") return;
    this.#shown = { ...this.#shown, ...news };
    for (const listener of [...this.#listeners]) listener();
  }
}
