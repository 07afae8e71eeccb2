import { ConnectionRefused } from "./refusal.js";
import { Timer } from "./timer.js";
import { Token } from "./token.js";

/** All in milliseconds. After a connection that held so long the waits are short again. */
const GOOD_AFTER = 5000;
/** A token and a handshake may take so long together. */
const OPENING = 10_000;
/** After so long a silence the server is asked whether it is there. It has half of that to answer. */
const SILENCE = 20_000;

/** From this close code on, up to 4999, the server asks not to come back by oneself. */
const STAY_AWAY = 4500;

/** What a subprotocol may consist of; other tokens travel in the query. */
const TOKEN_CHARACTERS = /^[!#$%&'*+\-.^_`|~\w]+$/;

/** When a page comes back to life, or its network does. */
const WAKING = ["online", "offline", "visibilitychange", "pageshow"];

/**
 * One WebSocket, or what stands for it, opened again whenever it is lost.
 *
 * Its owner is told `received(data)` and `changed(status, before)`, and never gets an exception.
 */
export class Socket {
  #options;
  #owner;
  #token;
  #socket = null;
  #openedAt = 0;
  #retry = new Timer(() => this.#dial());
  /** Of the handshake, and then of the silence. */
  #deadline;
  /** Only the newest attempt counts. */
  #turn = 0;
  #status = "idle";
  #refusal = null;
  /** The server numbers its changes or has answered a ping: it will answer pings. */
  #answers = false;
  /** A WebSocket has worked here; HTTP is known to work; so it must be that WebSockets are blocked. */
  #worked = false;
  #reachable = false;
  #blocked = false;

  /** @param {object} options of the client @param {any} owner */
  constructor(options, owner) {
    this.#options = options;
    this.#owner = owner;
    this.#token = new Token(options.token, () => this.#renew());
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
    this.#retry.reset();
    for (const type of WAKING) globalThis.addEventListener?.(type, this.#wake);
    this.#dial();
  }

  /** Disconnect and stay so. */
  close() {
    this.#end("idle", 1000);
  }

  /** Send one message; false if there is no open connection: what matters is sent again when there is. */
  send(message) {
    if (this.#status !== "live" || this.#socket.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** The server is one of ours. */
  answers() {
    this.#answers = true;
  }

  async #dial() {
    this.#retry.stop();
    this.#become("connecting");
    if (this.#status !== "connecting") return;
    const turn = ++this.#turn;
    const knew = this.#reachable;
    this.#wait(OPENING, () => this.#lost(0, "", knew));
    let ready = null;
    try {
      ready = { token: await this.#token.get(), Transport: await this.#transport() };
    } catch {
      // no token, or no module for the transport: to be tried again
    }
    if (turn !== this.#turn) return;
    if (ready === null) return this.#lost(0, "", knew);
    try {
      this.#attach(this.#create(ready), knew);
    } catch (error) {
      this.#refuse(error.message);
    }
  }

  /** Show a new token over the open connection; without one the server will close, and it is asked for again. */
  async #renew() {
    const turn = this.#turn;
    const token = await this.#token.get().catch(() => {});
    if (token !== undefined && turn === this.#turn) this.send({ type: "refresh", data: { token } });
  }

  async #transport() {
    const { transport, WebSocket = globalThis.WebSocket } = this.#options;
    const stream = transport === "sse" || (transport !== "websocket" && (this.#blocked || !WebSocket));
    return stream ? (await import("./sse.js")).EventStreams : WebSocket;
  }

  #create({ Transport, token }) {
    if (!Transport) throw new Error("there is no WebSocket here; pass one: new StreamClient({ url, WebSocket })");
    const url = this.#url();
    if (Transport.streams) return new Transport(url, token);
    url.protocol = url.protocol.replace(/^http/, "ws");
    if (token === undefined) return new Transport(url.href);
    if (TOKEN_CHARACTERS.test(token)) return new Transport(url.href, ["Authorization", token]);
    url.searchParams.set("authToken", token);
    return new Transport(url.href);
  }

  #url() {
    const { url } = this.#options;
    if (url === undefined && globalThis.location === undefined) {
      throw new Error("there is no page to take the address from; give one: new StreamClient({ url })");
    }
    return new URL(url ?? "/streams/", globalThis.location?.href);
  }

  #attach(socket, knew) {
    this.#socket = socket;
    socket.onopen = () => {
      this.#openedAt = Date.now();
      this.#worked ||= !this.#blocked;
      this.#listen();
      this.#become("live");
    };
    socket.onmessage = ({ data }) => {
      this.#listen();
      this.#owner.received(data);
    };
    socket.onclose = ({ code, reason }) => this.#lost(code, reason, knew);
    // a failure is always followed by a close; without this handler it would end a Node process
    socket.onerror = () => {};
  }

  /** Something was heard: only a long silence is suspicious. */
  #listen() {
    const { heartbeat = SILENCE } = this.#options;
    this.#wait(heartbeat, () => this.#ask(heartbeat / 2));
  }

  #ask(patience) {
    this.send({ type: "ping" });
    this.#wait(patience, () => (this.#answers ? this.#lost(0, "") : this.#listen()));
  }

  #wait(milliseconds, callback) {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(callback, milliseconds);
  }

  #wake = ({ type }) => {
    if (type === "visibilitychange" && document.hidden) return;
    if (this.#status === "live") this.#ask(SILENCE / 4);
    else if (this.#status === "offline" && type !== "offline") {
      this.#retry.reset();
      this.#dial();
    }
  };

  #lost(code, reason, knew = false) {
    if (code >= STAY_AWAY && code <= 4999) {
      this.#refuse(reason || `the server closed the connection (${code})`, code);
      return;
    }
    if (this.#status === "live") {
      if (Date.now() - this.#openedAt >= GOOD_AFTER) this.#retry.reset();
    } else if (!this.#worked) {
      this.#suspect(knew);
    }
    this.#drop();
    this.#retry.start();
    this.#become("offline");
  }

  /** Is it WebSockets that do not get through? Yes, if one fails although HTTP was seen to work before. */
  #suspect(knew) {
    if ((this.#options.transport ?? "auto") !== "auto") return;
    this.#blocked = !this.#blocked && knew;
    this.#reachable = false;
    if (knew) return;
    const seen = async () => (await import("./sse.js")).reachable(this.#url(), await this.#token.get());
    seen().then((is) => (this.#reachable = is), () => {});
  }

  #refuse(message, code) {
    this.#refusal = new ConnectionRefused(message, code);
    this.#end("closed");
  }

  #end(status, code) {
    for (const type of WAKING) globalThis.removeEventListener?.(type, this.#wake);
    this.#token.stop();
    this.#retry.reset();
    this.#drop(code);
    this.#become(status);
  }

  /** Let go of the socket; whatever it still does concerns nobody. */
  #drop(code) {
    clearTimeout(this.#deadline);
    this.#turn += 1;
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(...(code ? [code] : []));
  }

  #become(status) {
    const before = this.#status;
    if (status === before) return;
    this.#status = status;
    if (status !== "closed") this.#refusal = null;
    this.#owner.changed(status, before);
  }
}
