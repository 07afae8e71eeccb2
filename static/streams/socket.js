import { Timer } from "./timer.js";

/** A connection that held this long (milliseconds) was a good one: after it the waits are short again. */
const GOOD_AFTER = 5000;

/** From this close code on, up to 4999, the server asks not to come back by oneself. */
const STAY_AWAY = 4500;

/** What a subprotocol may consist of; other tokens travel in the query. */
const TOKEN_CHARACTERS = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** @typedef {"idle"|"connecting"|"live"|"offline"|"closed"} ConnectionStatus */

/** The server closed the connection and does not want to be asked again, or it cannot be asked at all. */
export class ConnectionRefused extends Error {
  name = "ConnectionRefused";

  /** @param {string} message @param {number|null} [code] the close code, if a server sent one */
  constructor(message, code = null) {
    super(message);
    this.code = code;
  }
}

/**
 * One WebSocket, opened again whenever it is lost.
 *
 * Its owner is told `received(text)` and `changed(status, before)`, and never gets an exception.
 */
export class Socket {
  #url;
  #token;
  #WebSocket;
  #owner;
  #socket = null;
  #openedAt = 0;
  #timer = new Timer(() => this.#dial());
  /** @type {ConnectionStatus} */
  #status = "idle";
  /** @type {ConnectionRefused|null} */
  #refusal = null;

  /** @param {{ url?: string, token?: string, WebSocket?: any }} options @param {any} owner */
  constructor({ url, token, WebSocket }, owner) {
    this.#url = url;
    this.#token = token;
    this.#WebSocket = WebSocket;
    this.#owner = owner;
  }

  get status() {
    return this.#status;
  }

  /** Why the status is "closed". */
  get refusal() {
    return this.#refusal;
  }

  /** Connect unless that is under way already. */
  open() {
    if (this.#status !== "idle" && this.#status !== "closed") return;
    this.#timer.reset();
    this.#dial();
  }

  /** Disconnect and stay so. */
  close() {
    this.#timer.reset();
    this.#drop()?.close(1000);
    this.#become("idle");
  }

  /** Send one message; false if there is no open connection: what matters is sent again when there is. */
  send(message) {
    if (this.#status !== "live" || this.#socket.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #dial() {
    let socket;
    try {
      socket = this.#create();
    } catch (error) {
      this.#refuse(new ConnectionRefused(error instanceof Error ? error.message : String(error)));
      return;
    }
    this.#socket = socket;
    socket.onopen = () => {
      this.#openedAt = Date.now();
      this.#become("live");
    };
    socket.onmessage = ({ data }) => this.#owner.received(data);
    socket.onclose = ({ code, reason }) => this.#ended(code, reason);
    // a failure is always followed by a close; without this handler it would end a Node process
    socket.onerror = () => {};
    this.#become("connecting");
  }

  #create() {
    const WebSocket = this.#WebSocket ?? globalThis.WebSocket;
    if (WebSocket === undefined) {
      throw new Error("there is no WebSocket here; pass one: new StreamClient({ url, WebSocket })");
    }
    if (this.#url === undefined && globalThis.location === undefined) {
      throw new Error("there is no page to take the address from; give one: new StreamClient({ url })");
    }
    const url = new URL(this.#url ?? "/streams/", globalThis.location?.href);
    url.protocol = url.protocol.replace(/^http/, "ws");
    if (this.#token === undefined) return new WebSocket(url.href);
    if (TOKEN_CHARACTERS.test(this.#token)) return new WebSocket(url.href, ["Authorization", this.#token]);
    url.searchParams.set("authToken", this.#token);
    return new WebSocket(url.href);
  }

  #ended(code, reason) {
    if (this.#status === "live" && Date.now() - this.#openedAt >= GOOD_AFTER) this.#timer.reset();
    this.#drop();
    if (code >= STAY_AWAY && code <= 4999) {
      this.#refuse(new ConnectionRefused(reason || `the server closed the connection (${code})`, code));
      return;
    }
    this.#timer.start();
    this.#become("offline");
  }

  #refuse(refusal) {
    this.#refusal = refusal;
    this.#become("closed");
  }

  /** Let go of the socket; whatever it still does concerns nobody. */
  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) socket.onopen = socket.onmessage = socket.onclose = null;
    return socket;
  }

  #become(status) {
    const before = this.#status;
    if (status === before) return;
    this.#status = status;
    if (status !== "closed") this.#refusal = null;
    this.#owner.changed(status, before);
  }
}
