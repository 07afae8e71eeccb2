import { Connection } from "./connection.js";
import { Listeners, report } from "./listeners.js";
import { ConnectionRefused } from "./refusal.js";
import { Subscription } from "./subscription.js";

/**
 * A place in the connection to a server, with any number of subscriptions. Clients of one address share the connection.
 *
 * It is opened by the first subscription or by `connect()`, and opened again whenever it is lost, until `disconnect()`.
 */
export class StreamClient {
  #options;
  /** @type {Connection|null} null: not asked to connect */
  #connection = null;
  #listeners = new Listeners();
  /** @type {Set<Subscription>} */
  #subscriptions = new Set();
  #disconnected = false;
  #status = "idle";
  /** @type {{ resolve: Function, reject: Function }[]} those who wait for connect() */
  #waiting = [];
  #member = {
    changed: (status) => this.#become(status),
    failed: (refusal) => this.#listeners.emit("error", refusal),
  };
  #link = {
    join: (subscription, more) => this.#connection?.join(subscription, more),
    leave: (subscription) => {
      this.#subscriptions.delete(subscription);
      this.#connection?.quit(subscription);
    },
    tell: (type, value) => this.#listeners.emit(type, value),
  };

  /** @param {import("./index.js").StreamClientOptions} [options] */
  constructor(options = {}) {
    this.#options = options;
  }

  /**
   * "idle": not asked to connect · "connecting" · "live": connected · "offline": lost, will be tried again ·
   * "closed": the server asked to stay away, or there is no way to connect.
   */
  get status() {
    return this.#status;
  }

  /**
   * Connect, and stay so until `disconnect()`.
   *
   * @returns {Promise<void>} resolved when connected, however long a server takes to be there; rejected with a
   *   `ConnectionRefused` when that cannot be. It need not be looked at.
   */
  connect() {
    this.#disconnected = false;
    const connected = new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    connected.catch(() => {});
    this.#attach();
    this.#answer();
    return connected;
  }

  /** Disconnect. Subscriptions keep their state and go on from there after the next `connect()`. */
  disconnect() {
    this.#disconnected = true;
    const connection = this.#connection;
    this.#connection = null;
    connection?.leave(this.#member, this.#subscriptions);
    this.#become("idle");
    this.#answer();
  }

  /** Keep a whole group in sync; `initial`: what the page knows already, with its position only news are sent. */
  group(streamName, groupId, { initial } = {}) {
    return this.#subscribe({ streamName, groupId, id: null }, initial, initial?.items);
  }

  /** Keep one item in sync. */
  item(streamName, groupId, id, { initial } = {}) {
    return this.#subscribe({ streamName, groupId, id }, initial, initial?.item);
  }

  /** @returns {() => void} takes the listener off again */
  on(type, listener) {
    return this.#listeners.on(type, listener);
  }

  off(type, listener) {
    this.#listeners.off(type, listener);
  }

  #subscribe(address, initial, value) {
    const { sequence, epoch } = initial ?? {};
    const position = Number.isInteger(sequence) && typeof epoch === "string" ? { sequence, epoch } : null;
    const subscription = new Subscription(this.#link, { ...address, subscriptionId: newId() }, { value, position });
    this.#subscriptions.add(subscription);
    subscription.join();
    if (!this.#disconnected && this.#connection === null) this.#attach();
    return subscription;
  }

  /** Take a place in the connection for our address, and open it if it is not. */
  #attach() {
    const connection = (this.#connection ??= Connection.of(this.#options));
    connection.enter(this.#member);
    connection.open();
    const { status } = connection;
    // others have it open: we are told a moment later, as if it had just been opened
    if (status === "live") queueMicrotask(() => this.#connection === connection && this.#become(connection.status));
    else this.#become(status);
  }

  #become(status) {
    const before = this.#status;
    if (status === before) return;
    this.#status = status;
    const subscriptions = [...this.#subscriptions];
    if (before === "live") for (const subscription of subscriptions) subscription.lost();
    if (status === "live") for (const subscription of subscriptions) subscription.join();
    if (status === "closed") report(this.#connection.refusal); // nobody need look at connect(), so say it here
    this.#answer();
    this.#listeners.emit("status", status);
    if (before === "live") this.#listeners.emit("disconnected");
    if (status === "live") this.#listeners.emit("connected");
  }

  /** Tell those who wait for `connect()`, if there is something to tell. */
  #answer() {
    const status = this.#status;
    if (status === "connecting" || status === "offline") return;
    if (status === "idle" && this.#connection !== null) return;
    const refusal = this.#connection?.refusal ?? new ConnectionRefused("disconnected");
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve, reject } of waiting) status === "live" ? resolve() : reject(refusal);
  }
}

/**
 * Follow one group, or one item of it, over a client of its own: `close()` ends both.
 *
 * @param {string} streamName
 * @param {{ groupId: string, id?: string, auth?: { token?: any } } & Record<string, any>} options and those of a client
 */
export function connectStream(streamName, { groupId, id, auth, initial, ...options }) {
  const client = new StreamClient({ token: auth?.token, ...options });
  const subscription = id == null ? client.group(streamName, groupId, { initial }) : client.item(streamName, groupId, id, { initial });
  subscription.onStatus((status) => status === "closed" && client.disconnect());
  return subscription;
}

/** Unlike `crypto.randomUUID` this is there on pages that are neither https nor localhost, too. */
function newId() {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}
