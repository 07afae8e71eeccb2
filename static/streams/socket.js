import { report } from "./listeners.js";
import { Timer } from "./timer.js";

/** All in milliseconds. After a connection that held so long the waits are short again. */
const GOOD_AFTER = 5000;
/** A token and a handshake may take so long together. */
const OPENING = 10_000;
/** After so long a silence the server is asked whether it is there. It has half of that to answer. */
const SILENCE = 20_000;
/** No timer waits longer. */
const LONGEST = 2 ** 31 - 1;

/** From this close code on, up to 4999, the server asks not to come back by oneself. */
const STAY_AWAY = 4500;

/** What a subprotocol may consist of; other tokens travel in the query. */
const TOKEN_CHARACTERS = /^[!#$%&'*+\-.^_`|~\w]+$/;

/** When a page comes back to life, or its network does. */
const WAKING = ["online", "offline", "visibilitychange", "pageshow"];

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
 * One WebSocket, or what stands for it, opened again whenever it is lost.
 *
 * Its owner is told `received(data)` and `changed(status, before)`, and never gets an exception.
 */
export class Socket {
  #options;
  #owner;
  #socket = null;
  #openedAt = 0;
  #retry = new Timer(() => this.#dial());
  /** Of the handshake, and then of the silence. */
  #deadline;
  #refresh;
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
    let token, Transport;
    try {
      token = await this.#token();
      Transport = await this.#transport();
    } catch {
      if (turn === this.#turn) this.#lost(0, "", knew);
      return;
    }
    if (turn !== this.#turn) return;
    try {
      this.#attach(this.#create(Transport, token), knew);
    } catch (error) {
      this.#refuse(error.message);
    }
  }

  /** The token to show, from the callback if there is one; known to expire, it is renewed in time. */
  async #token() {
    const { token } = this.#options;
    if (typeof token !== "function") return token;
    try {
      const given = await token();
      const { token: text, expiresAt } = Object(given).token === undefined ? { token: given } : given;
      clearTimeout(this.#refresh);
      const left = 0.8 * (Number(expiresAt) - Date.now());
      if (left >= 0) this.#refresh = setTimeout(() => this.#renew(), Math.min(left, LONGEST));
      return text ?? undefined;
    } catch (error) {
      report(error);
      throw new Error("no token");
    }
  }

  async #renew() {
    const turn = this.#turn;
    const token = await this.#token().catch(() => {}); // reported; the server will close, and it is asked for again
    if (token !== undefined && turn === this.#turn) this.send({ type: "refresh", data: { token } });
  }

  async #transport() {
    const { transport, WebSocket = globalThis.WebSocket } = this.#options;
    const stream = transport === "sse" || (transport !== "websocket" && (this.#blocked || !WebSocket));
    return stream ? (await import("./sse.js")).EventStreams : WebSocket;
  }

  #create(Transport, token) {
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
    const seen = async () => (await import("./sse.js")).reachable(this.#url(), await this.#token());
    seen().then((is) => (this.#reachable = is), () => {});
  }

  #refuse(message, code) {
    this.#refusal = new ConnectionRefused(message, code);
    this.#end("closed");
  }

  #end(status, code) {
    for (const type of WAKING) globalThis.removeEventListener?.(type, this.#wake);
    clearTimeout(this.#refresh);
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
