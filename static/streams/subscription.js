import { Listeners } from "./listeners.js";
import { asked, initialState, isChange, reduce, since } from "./reducer.js";

/** No custom event is told by these names. */
const RESERVED = new Set(["*", "create", "update", "delete", "sync", "event", "error"]);
const STATUS = Symbol("status");

/** A group or an item that is kept in sync. Made by `client.group()` and `client.item()`. */
export class Subscription {
  #client;
  #listeners = new Listeners();
  #state;
  #status = "joining";
  #wasLive = false;

  constructor(client, { streamName, groupId, id, subscriptionId }, known) {
    this.#client = client;
    this.streamName = streamName;
    this.groupId = groupId;
    this.id = id;
    this.#state = initialState(subscriptionId, id, known);
  }

  get status() {
    return this.#status;
  }

  get position() {
    return this.#state.position;
  }

  /** The items in creation order, or the item or null: a new value after every change. */
  getState() {
    return this.#state.value;
  }

  on(type, listener) {
    return this.#listeners.on(type, listener);
  }

  off(type, listener) {
    this.#listeners.off(type, listener);
  }

  onStatus(listener) {
    return this.#listeners.on(STATUS, listener);
  }

  /** Leave: nothing is called after this. */
  close() {
    if (this.#status === "closed") return;
    this.#client.leave(this);
    this.#become("closed");
    this.#listeners.clear();
  }

  // from here on for the client

  get address() {
    const { streamName, groupId, id } = this;
    const { subscriptionId } = this.#state;
    return { streamName, groupId, ...(id === null ? {} : { id }), subscriptionId };
  }

  /** Is an answer due? */
  get pending() {
    return this.#status === "joining";
  }

  /** Ask for what was missed, or for everything. */
  join() {
    this.#state = asked(this.#state);
    this.#become("joining");
    this.#client.join(this, { since: since(this.#state), batch: true });
  }

  lost() {
    this.#become("stale");
  }

  /** Returns how many listeners were told. */
  refused(refusal) {
    this.#become("denied");
    return this.#listeners.emit("error", refusal) + this.#client.tell("denied", { subscription: this, ...refusal });
  }

  receive(frame) {
    if (this.#status === "denied") return;
    const [state, result] = reduce(this.#state, frame);
    this.#state = state;
    if (result === "need_resync") this.join();
    else if (result === "event") this.#custom(frame.event.event);
    else if (result === "applied") this.#changed([frame]);
    else if (result === "synced" || result === "resumed") this.#answered(frame);
  }

  #answered({ event, resync: reason = event.type }) {
    this.#become("live");
    if (event.type === "resumed") this.#changed(event.data.filter(isChange));
    else for (const type of ["sync", "*"]) this.#listeners.emit(type, this.getState());
    if (this.#wasLive) this.#client.tell("resynced", { subscription: this, reason });
    this.#wasLive = true;
  }

  #changed(frames) {
    for (const { event } of frames) this.#listeners.emit(event.type, event.data);
    if (frames.length > 0) this.#listeners.emit("*", this.getState());
  }

  #custom(event) {
    if (typeof event?.type !== "string") return;
    this.#listeners.emit("event", event);
    if (!RESERVED.has(event.type)) this.#listeners.emit(event.type, event.data);
  }

  #become(status) {
    if (status === this.#status) return;
    this.#status = status;
    this.#listeners.emit(STATUS, status);
  }
}
