import { Connection } from "./connection.js";
import { Listeners, report } from "./listeners.js";
import { ConnectionRefused, EXPIRED } from "./refusal.js";
import { Subscription } from "./subscription.js";

/** A place in the connection to a server, with any number of subscriptions. Clients of one address share it. */
export class StreamClient {
  #options;
  #connection = null; // null: not asked to connect
  #listeners = new Listeners();
  #subscriptions = new Set();
  #disconnected = false;
  #status = "idle";
  /** What we are to the connection and to the subscriptions. */
  #member = {
    changed: (status) => this.#become(status),
    failed: (refusal) => this.#listeners.emit("error", refusal),
    join: (subscription, more) => this.#connection?.join(subscription, more),
    leave: (subscription) => {
      this.#subscriptions.delete(subscription);
      this.#connection?.quit(subscription);
    },
    tell: (type, value) => this.#listeners.emit(type, value),
  };

  constructor(options = {}) {
    this.#options = options;
  }

  get status() {
    return this.#status;
  }

  /** Rejected when that cannot be; it need not be looked at. */
  connect() {
    this.#disconnected = false;
    this.#attach();
    const connected = new Promise((resolve, reject) => {
      const look = (status) => {
        if (status === "connecting" || status === "offline") return;
        off();
        if (status === "live") resolve();
        else reject(this.#connection?.socket.refusal ?? new ConnectionRefused("disconnected"));
      };
      const off = this.on("status", look);
      look(this.#status);
    });
    connected.catch(() => {});
    return connected;
  }

  disconnect() {
    this.#disconnected = true;
    const connection = this.#connection;
    this.#connection = null;
    connection?.leave(this.#member, this.#subscriptions);
    this.#become("idle");
  }

  group(streamName, groupId, { initial } = {}) {
    return this.#subscribe({ streamName, groupId, id: null }, initial, initial?.items);
  }

  item(streamName, groupId, id, { initial } = {}) {
    return this.#subscribe({ streamName, groupId, id }, initial, initial?.item);
  }

  on(type, listener) {
    return this.#listeners.on(type, listener);
  }

  off(type, listener) {
    this.#listeners.off(type, listener);
  }

  #subscribe(address, initial, value) {
    const { sequence, epoch } = initial ?? {};
    const position = Number.isInteger(sequence) && typeof epoch === "string" ? { sequence, epoch } : null;
    // `randomUUID` is missing on pages that are neither https nor localhost
    const subscriptionId = crypto.getRandomValues(new Uint32Array(4)).join("-");
    const subscription = new Subscription(this.#member, { ...address, subscriptionId }, { value, position });
    this.#subscriptions.add(subscription);
    subscription.join();
    if (!this.#disconnected && this.#connection === null) this.#attach();
    return subscription;
  }

  #attach() {
    const connection = (this.#connection ??= Connection.of(this.#options));
    connection.enter(this.#member);
    if (this.#status === connection.socket.status) return;
    // others have it open: we are told in a moment
    this.#become("connecting");
    queueMicrotask(() => this.#connection === connection && this.#become(connection.socket.status));
  }

  #become(status) {
    const before = this.#status;
    if (status === before) return;
    this.#status = status;
    const refusal = status === "closed" ? this.#connection.socket.refusal : null;
    for (const subscription of [...this.#subscriptions]) {
      if (refusal?.code === EXPIRED) subscription.refused({ code: "TOKEN_EXPIRED", message: refusal.message });
      else if (before === "live") subscription.lost();
      else if (status === "live") subscription.join();
    }
    if (refusal) report(refusal);
    this.#listeners.emit("status", status);
    if (before === "live") this.#listeners.emit("disconnected");
    if (status === "live") this.#listeners.emit("connected");
  }
}

/** Follow one group, or one item of it, over a client of its own: `close()` ends both. */
export function connectStream(streamName, { groupId, id, auth, initial, ...options }) {
  const client = new StreamClient({ token: auth?.token, ...options });
  const known = { initial };
  const subscription = id == null ? client.group(streamName, groupId, known) : client.item(streamName, groupId, id, known);
  subscription.onStatus((status) => status === "closed" && client.disconnect());
  return subscription;
}
