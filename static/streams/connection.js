import { report } from "./listeners.js";
import { Socket } from "./socket.js";

/** What two clients must have in common to share a connection. */
const SAME = ["url", "token", "transport", "WebSocket", "heartbeat"];

/** @type {Set<Connection>} those that somebody uses */
const used = new Set();

/** A socket, shared by all clients of one address, and the subscriptions that it carries. */
export class Connection {
  #options;
  #socket;
  /** The clients: told `changed(status, before)` and `failed(refusal)`. */
  #members = new Set();
  /** @type {Map<string, Set<any>>} the subscriptions of each group, in the order in which they asked last */
  #rooms = new Map();

  constructor(options) {
    this.#options = options;
    this.#socket = new Socket(options, {
      changed: (status, before) => [...this.#members].forEach((member) => member.changed(status, before)),
      received: (data) => this.#received(data),
    });
  }

  /** The connection for these options: the one that others use already, or a new one. */
  static of(options) {
    for (const connection of used) {
      if (SAME.every((name) => connection.#options[name] === options[name])) return connection;
    }
    return new Connection(options);
  }

  get status() {
    return this.#socket.status;
  }

  get refusal() {
    return this.#socket.refusal;
  }

  enter(member) {
    used.add(this);
    this.#members.add(member);
  }

  open() {
    this.#socket.open();
  }

  /** Let a client go with its subscriptions; the last one closes the door. */
  leave(member, subscriptions) {
    if (!this.#members.delete(member)) return;
    if (this.#members.size > 0) {
      for (const subscription of subscriptions) this.quit(subscription);
      return;
    }
    used.delete(this);
    this.#socket.close();
  }

  /** Send a join; not connected, nothing is sent: all subscriptions ask when they are. */
  join(subscription, more) {
    const key = roomKey(subscription);
    if (!this.#rooms.has(key)) this.#rooms.set(key, new Set());
    const room = this.#rooms.get(key);
    room.delete(subscription);
    room.add(subscription);
    this.#socket.send({ type: "join", data: { ...subscription.address, ...more } });
  }

  quit(subscription) {
    const key = roomKey(subscription);
    const room = this.#rooms.get(key);
    if (!room?.delete(subscription)) return;
    if (room.size === 0) this.#rooms.delete(key);
    this.#socket.send({ type: "leave", data: subscription.address });
  }

  #received(data) {
    let frames = data;
    try {
      if (typeof data === "string") frames = JSON.parse(data);
    } catch (error) {
      report(error);
      return;
    }
    for (const frame of Array.isArray(frames) ? frames : [frames]) this.#route(frame ?? {});
  }

  #route(frame) {
    if (Number.isInteger(frame.sequence) || frame.type === "pong") this.#socket.answers();
    const room = [...(this.#rooms.get(roomKey(frame)) ?? [])];
    const custom = frame.event?.type === "event" ? frame.event.event : null;
    if (custom?.type === "error" && this.#refused(room, frame.subscriptionId, custom.data ?? {})) return;
    for (const subscription of room) subscription.receive(frame);
  }

  /** Tell who was refused: the joins of a group are answered in the order in which they were sent. */
  #refused(room, id, { code = "INTERNAL", message = "" }) {
    // a token callback is asked again when the connection, which is about to be closed, is made anew
    if (code === "TOKEN_EXPIRED" && typeof this.#options.token === "function") return true;
    const refusal = { code, message };
    const subscription = room.find((one) => one.pending && (id === undefined || one.address.subscriptionId === id));
    if (subscription === undefined && room.length > 0) return false;
    const heard = subscription
      ? subscription.refused(refusal)
      : [...this.#members].reduce((sum, member) => sum + member.failed(refusal), 0);
    if (heard === 0) report(new Error(`refused by the stream server: ${message} (${code})`));
    return true;
  }
}

function roomKey({ streamName, groupId }) {
  return JSON.stringify([streamName, groupId]);
}
