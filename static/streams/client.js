import { Listeners, report } from "./listeners.js";
import { ConnectionRefused, Socket } from "./socket.js";
import { Subscription } from "./subscription.js";

/**
 * One connection to a server, shared by any number of subscriptions.
 *
 * It is opened by the first subscription or by `connect()`, and opened again whenever it is lost, until `disconnect()`.
 * Events: `connected`, `disconnected`, `status` (the new status), `denied` (`{ subscription, code, message }`), `error`
 * (`{ code, message }` of a refused message that belongs to no join).
 */
export class StreamClient {
  #socket;
  #listeners = new Listeners();
  /** @type {Map<string, Set<Subscription>>} the subscriptions of each group, in the order in which they asked last */
  #rooms = new Map();
  #disconnected = false;
  /** @type {{ resolve: Function, reject: Function }[]} those who wait for connect() */
  #waiting = [];

  /**
   * @param {object} [options]
   * @param {string} [options.url] `ws:`, `wss:`, `http:`, `https:` or relative to the page; default: `/streams/` of the page's host
   * @param {string} [options.token] who this is; without it the session cookie counts
   * @param {any} [options.WebSocket] the WebSocket class where there is no global one (Node before 22: the one of `ws`)
   */
  constructor({ url, token, WebSocket } = {}) {
    this.#socket = new Socket(
      { url, token, WebSocket },
      { changed: (status, before) => this.#changed(status, before), received: (text) => this.#received(text) },
    );
  }

  /**
   * "idle": not asked to connect · "connecting" · "live": connected · "offline": lost, will be tried again ·
   * "closed": the server asked to stay away, or there is no way to connect.
   */
  get status() {
    return this.#socket.status;
  }

  /**
   * Connect, and stay so until `disconnect()`.
   *
   * @returns {Promise<void>} resolved when connected, however long a server takes to be there; rejected with a
   *   `ConnectionRefused` when that cannot be: refused for good, or disconnected meanwhile. It need not be looked at.
   */
  connect() {
    this.#disconnected = false;
    const connected = /** @type {Promise<void>} */ (
      new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
    );
    connected.catch(() => {});
    this.#socket.open();
    this.#answer();
    return connected;
  }

  /** Disconnect. Subscriptions keep their state and go on from there after the next `connect()`. */
  disconnect() {
    this.#disconnected = true;
    this.#socket.close();
    this.#answer();
  }

  /**
   * Keep a whole group in sync.
   *
   * @param {string} streamName
   * @param {string} groupId
   * @param {{ initial?: { items: object[], sequence?: number, epoch?: string } }} [options] initial: what the page
   *   knows already; with its position only what changed since is sent
   */
  group(streamName, groupId, { initial } = {}) {
    return this.#subscribe({ streamName, groupId, id: null }, initial, initial?.items);
  }

  /**
   * Keep one item in sync.
   *
   * @param {string} streamName
   * @param {string} groupId
   * @param {string} id
   * @param {{ initial?: { item: object|null, sequence?: number, epoch?: string } }} [options]
   */
  item(streamName, groupId, id, { initial } = {}) {
    return this.#subscribe({ streamName, groupId, id }, initial, initial?.item);
  }

  /** @param {string} type @param {Function} listener @returns {() => void} takes the listener off again */
  on(type, listener) {
    return this.#listeners.on(type, listener);
  }

  /** @param {string} type @param {Function} listener */
  off(type, listener) {
    this.#listeners.off(type, listener);
  }

  #subscribe(address, initial, value) {
    const { sequence, epoch } = initial ?? {};
    const position = Number.isInteger(sequence) && typeof epoch === "string" ? { sequence, epoch } : null;
    const link = {
      ask: (subscription, message) => this.#ask(subscription, message),
      leave: (subscription, message) => this.#leave(subscription, message),
    };
    const subscription = new Subscription(link, { ...address, subscriptionId: newId() }, { value, position });
    subscription.join();
    if (!this.#disconnected && this.status === "idle") this.#socket.open();
    return subscription;
  }

  #ask(subscription, message) {
    const key = roomKey(subscription);
    if (!this.#rooms.has(key)) this.#rooms.set(key, new Set());
    const room = this.#rooms.get(key);
    room.delete(subscription);
    room.add(subscription);
    this.#socket.send(message); // not connected: all subscriptions ask when they are
  }

  #leave(subscription, message) {
    const key = roomKey(subscription);
    const room = this.#rooms.get(key);
    room.delete(subscription);
    if (room.size === 0) this.#rooms.delete(key);
    this.#socket.send(message);
  }

  #changed(status, before) {
    if (before === "live") for (const subscription of this.#subscriptions()) subscription.lost();
    if (status === "live") for (const subscription of this.#subscriptions()) subscription.join();
    this.#answer();
    if (status === "closed") report(this.#socket.refusal); // nobody need look at connect(), so say it here
    this.#listeners.emit("status", status);
    if (before === "live") this.#listeners.emit("disconnected");
    if (status === "live") this.#listeners.emit("connected");
  }

  /** Tell those who wait for `connect()`, if there is something to tell. */
  #answer() {
    const { status, refusal } = this.#socket;
    if (status === "connecting" || status === "offline") return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve, reject } of waiting) {
      if (status === "live") resolve();
      else reject(refusal ?? new ConnectionRefused("disconnected"));
    }
  }

  #received(text) {
    let frames;
    try {
      frames = JSON.parse(text);
    } catch (error) {
      report(error);
      return;
    }
    for (const frame of Array.isArray(frames) ? frames : [frames]) this.#route(frame);
  }

  #route(frame) {
    const room = [...(this.#rooms.get(roomKey(frame ?? {})) ?? [])];
    const custom = frame?.event?.type === "event" ? frame.event.event : null;
    if (custom?.type === "error" && this.#refused(room, custom.data ?? {})) return;
    for (const subscription of room) subscription.receive(frame);
  }

  /** Tell who was refused: the joins of a group are answered in the order in which they were sent. */
  #refused(room, { code = "INTERNAL", message = "" }) {
    const subscription = room.find(({ pending }) => pending);
    if (subscription === undefined && room.length > 0) return false;
    const heard = subscription
      ? subscription.refused({ code, message }) + this.#listeners.emit("denied", { subscription, code, message })
      : this.#listeners.emit("error", { code, message });
    if (heard === 0) report(new Error(`refused by the stream server: ${message} (${code})`));
    return true;
  }

  #subscriptions() {
    return [...this.#rooms.values()].flatMap((room) => [...room]);
  }
}

function roomKey({ streamName, groupId }) {
  return JSON.stringify([streamName, groupId]);
}

/** A UUID; `crypto.randomUUID` is missing on pages that are neither https nor localhost. */
function newId() {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const hex = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0"));
  return hex.join("").replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-4$3-8$4-$5");
}
