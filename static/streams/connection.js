import { report } from "./listeners.js";
import { Socket } from "./socket.js";

/** What clients must have in common to share a connection. */
const SAME = ["url", "token", "transport", "WebSocket", "heartbeat"];

const used = new Set();

/** A socket, shared by all clients of one address, and the subscriptions that it carries. */
export class Connection {
  #options;
  socket;
  #members = new Set(); // the clients: told `changed(status)` and `failed(refusal)`
  #rooms = new Map(); // the subscriptions of each group, in the order in which they asked last

  constructor(options) {
    this.#options = options;
    this.socket = new Socket(options, {
      changed: (status) => [...this.#members].forEach((member) => member.changed(status)),
      received: (data) => this.#received(data),
    });
  }

  static of(options) {
    const same = (one) => SAME.every((name) => one.#options[name] === options[name]);
    return [...used].find(same) ?? new Connection(options);
  }

  enter(member) {
    used.add(this);
    this.#members.add(member);
    this.socket.open();
  }

  /** The last one closes the door. */
  leave(member, subscriptions) {
    this.#members.delete(member);
    if (this.#members.size > 0) return subscriptions.forEach((subscription) => this.quit(subscription));
    used.delete(this);
    this.socket.close();
  }

  /** Not connected, nothing is sent: all subscriptions ask when they are. */
  join(subscription, more) {
    const key = roomKey(subscription);
    const room = this.#rooms.get(key) ?? new Set();
    this.#rooms.set(key, room);
    room.delete(subscription);
    room.add(subscription);
    this.socket.send({ type: "join", data: { ...subscription.address, ...more } });
  }

  quit(subscription) {
    const key = roomKey(subscription);
    const room = this.#rooms.get(key);
    if (!room?.delete(subscription)) return;
    if (room.size === 0) this.#rooms.delete(key);
    this.socket.send({ type: "leave", data: subscription.address });
  }

  #received(data) {
    try {
      const frames = typeof data === "string" ? JSON.parse(data) : data;
      for (const frame of [frames].flat()) this.#route(frame ?? {});
    } catch (error) {
      report(error);
    }
  }

  #route(frame) {
    if (Number.isInteger(frame.sequence) || frame.type === "pong") this.socket.answers = true;
    const room = [...(this.#rooms.get(roomKey(frame)) ?? [])];
    const custom = frame.event?.type === "event" ? frame.event.event : null;
    if (custom?.type === "error" && this.#refused(room, frame.subscriptionId, custom.data ?? {})) return;
    for (const subscription of room) subscription.receive(frame);
  }

  /** Tell who was refused: the joins of a group are answered in the order in which they were sent. */
  #refused(room, id, { code = "INTERNAL", message = "" }) {
    if (code === "TOKEN_EXPIRED") return true; // the connection is about to be closed for it
    const refusal = { code, message };
    const subscription = room.find((one) => one.pending && (id === undefined || one.address.subscriptionId === id));
    if (subscription === undefined && room.length > 0) return false;
    const told = subscription ? [subscription.refused(refusal)] : [...this.#members].map((one) => one.failed(refusal));
    if (!told.some(Boolean)) report(new Error(`refused by the stream server: ${message} (${code})`));
    return true;
  }
}

function roomKey({ streamName, groupId }) {
  return JSON.stringify([streamName, groupId]);
}
