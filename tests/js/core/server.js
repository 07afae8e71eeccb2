import { once } from "node:events";

import { WebSocket, WebSocketServer } from "ws";

import { StreamClient } from "../../../static/streams/index.js";

const DEADLINE_MS = 5000;

/** A real WebSocket server on a free port that says what the test tells it to say. */
export class Server {
  /** Messages that arrived and were not asked for yet, over all sockets. */
  #arrived = [];
  #waiting = [];

  /** Listen; *port* 0 is any free one. */
  static async start(port = 0) {
    const server = new Server();
    const handleProtocols = (offered) => (offered.has("Authorization") ? "Authorization" : false);
    server.listener = new WebSocketServer({ host: "127.0.0.1", port, handleProtocols });
    server.listener.on("connection", (socket, request) => {
      server.socket = socket;
      server.#arrive({ type: "connection", protocols: request.headers["sec-websocket-protocol"], path: request.url });
      socket.on("message", (data) => server.#arrive(JSON.parse(data.toString())));
    });
    await once(server.listener, "listening");
    return server;
  }

  get port() {
    return this.listener.address().port;
  }

  get url() {
    return `ws://127.0.0.1:${this.port}/streams/`;
  }

  get connections() {
    return this.listener.clients.size;
  }

  /** A client of this server, with the WebSocket class that Node 20 lacks. */
  client(options = {}) {
    return new StreamClient({ url: this.url, WebSocket, ...options });
  }

  /** The next message a client sent ("connection" when one opened); its `data` if *type* is given and fits. */
  async next(type) {
    const message =
      this.#arrived.shift() ?? (await within(new Promise((resolve) => this.#waiting.push(resolve)), `a ${type}`));
    if (message.type !== type) throw new Error(`expected ${type}, got ${JSON.stringify(message)}`);
    return message.data ?? message;
  }

  /** Say something to the newest socket: frames as JSON, strings as they are. */
  send(...frames) {
    for (const frame of frames) this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  /** Cut every connection, without a word, and stop listening. */
  async stop() {
    for (const socket of this.listener.clients) socket.terminate();
    this.listener.close();
    await once(this.listener, "close");
  }

  #arrive(message) {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(message);
    else this.#arrived.push(message);
  }
}

/** Resolve as *promise* does, or fail when that takes too long. */
export async function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come`)), DEADLINE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The next time *emitter* calls its listeners of *type*: what they get. */
export function heard(emitter, type) {
  const promise = new Promise((resolve) => {
    const off = emitter.on(type, (value) => {
      off();
      resolve(value);
    });
  });
  return within(promise, type);
}

/** Resolve when the subscription has this status. */
export function reaches(subscription, wanted) {
  if (subscription.status === wanted) return Promise.resolve();
  const promise = new Promise((resolve) => {
    const off = subscription.onStatus((status) => {
      if (status !== wanted) return;
      off();
      resolve();
    });
  });
  return within(promise, wanted);
}

/** Frames of one group, as a server of ours sends them. */
export const frames = {
  sync: ({ subscriptionId, streamName, groupId, id }, sequence, data, more = {}) => ({
    streamName, groupId, ...(id ? { id } : {}), sequence, epoch: `k${sequence}`, subscriptionId, ...more,
    event: { type: "sync", data },
  }),
  change: (type, sequence, data, more = {}) => ({
    timestamp: 1795164366850 + sequence / 1000, streamName: "todo", groupId: "inbox", id: data.id, sequence,
    epoch: `k${sequence}`, ...more, event: { type, data },
  }),
  resumed: ({ subscriptionId, streamName, groupId }, sequence, data) => ({
    streamName, groupId, sequence, epoch: `k${sequence}`, subscriptionId, event: { type: "resumed", data },
  }),
  event: (type, data, more = {}) => ({
    timestamp: 1, streamName: "todo", groupId: "inbox", ...more, event: { type: "event", event: { type, data } },
  }),
};
