import { Listeners } from "./listeners.js";
import { asked, initialState, isChange, reduce, since } from "./reducer.js";

/** @typedef {"joining"|"live"|"stale"|"denied"|"closed"} SubscriptionStatus */

/** Types that a custom event cannot have: their listeners get something else. */
const RESERVED = new Set(["*", "create", "update", "delete", "sync", "event", "error"]);

/**
 * A group or an item that is kept in sync. Made by `client.group()` and `client.item()`.
 *
 * Listeners: `create`, `update`, `delete` get the item; `sync` and `*` the whole state (`*` after every change of it);
 * `event` a custom event `{ type, data }`, and its type the data alone; `error` the `{ code, message }` of a refusal.
 */
export class Subscription {
  #link;
  #listeners = new Listeners();
  #statusListeners = new Listeners();
  #state;
  #status = "joining";
  #wasLive = false;

  /**
   * @param {any} link to the client: `join`, `leave` and `tell` (its listeners)
   * @param {any} address `streamName`, `groupId`, `id`, `subscriptionId`
   * @param {object} [known] what is known already; see `initialState`
   */
  constructor(link, { streamName, groupId, id, subscriptionId }, known) {
    this.#link = link;
    this.streamName = streamName;
    this.groupId = groupId;
    this.id = id;
    this.#state = initialState(subscriptionId, id, known);
  }

  /**
   * "joining": asked, not answered yet · "live": in sync · "stale": the connection is lost, the state is the last
   * known one · "denied": refused by the server · "closed".
   */
  get status() {
    return this.#status;
  }

  /** The last change the state contains, or null when that is not known. */
  get position() {
    return this.#state.position;
  }

  /** The items of the group in creation order, or the item or null. A new value after every change, never mutated. */
  getState() {
    return this.#state.value;
  }

  /** @param {string} type @param {Function} listener @returns {() => void} takes the listener off again */
  on(type, listener) {
    return this.#listeners.on(type, listener);
  }

  /** @param {string} type @param {Function} listener */
  off(type, listener) {
    this.#listeners.off(type, listener);
  }

  /** @param {(status: SubscriptionStatus) => void} listener @returns {() => void} takes the listener off again */
  onStatus(listener) {
    return this.#statusListeners.on("status", listener);
  }

  /** Leave: nothing is called after this. */
  close() {
    if (this.#status === "closed") return;
    this.#listeners.clear();
    this.#link.leave(this);
    this.#become("closed");
    this.#statusListeners.clear();
  }

  /** @internal How joins and leaves name it. */
  get address() {
    const { streamName, groupId, id } = this;
    const { subscriptionId } = this.#state;
    return { streamName, groupId, ...(id === null ? {} : { id }), subscriptionId };
  }

  /** @internal Is an answer of the server due? */
  get pending() {
    return this.#status === "joining";
  }

  /** @internal Ask for what was missed, or for everything. */
  join() {
    this.#state = asked(this.#state);
    this.#become("joining");
    this.#link.join(this, { since: since(this.#state), batch: true });
  }

  /** @internal The connection is gone. */
  lost() {
    this.#become("stale");
  }

  /** @internal The server refused the join. @returns {number} how many listeners were told */
  refused({ code, message }) {
    this.#become("denied");
    return (
      this.#listeners.emit("error", { code, message }) +
      this.#link.tell("denied", { subscription: this, code, message })
    );
  }

  /** @internal Take a frame of this group. */
  receive(frame) {
    if (this.#status === "denied") return;
    const [state, result] = reduce(this.#state, frame);
    this.#state = state;
    if (result === "need_resync") this.join();
    else if (result === "event") this.#custom(frame.event.event);
    else if (result === "applied") this.#changed([frame]);
    else if (result === "synced" || result === "resumed") {
      this.#become("live");
      if (result === "resumed") this.#changed(frame.event.data.filter(isChange));
      else this.#synced();
      const reason = frame.resync ?? frame.event.type;
      if (this.#wasLive) this.#link.tell("resynced", { subscription: this, reason });
      this.#wasLive = true;
    }
  }

  #changed(frames) {
    for (const { event } of frames) this.#listeners.emit(event.type, event.data);
    if (frames.length > 0) this.#listeners.emit("*", this.getState());
  }

  #synced() {
    this.#listeners.emit("sync", this.getState());
    this.#listeners.emit("*", this.getState());
  }

  #custom(event) {
    if (typeof event?.type !== "string") return;
    this.#listeners.emit("event", event);
    if (!RESERVED.has(event.type)) this.#listeners.emit(event.type, event.data);
  }

  #become(status) {
    if (status === this.#status) return;
    this.#status = status;
    this.#statusListeners.emit("status", status);
  }
}
