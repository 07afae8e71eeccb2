import { Dialer } from "./dialer.js";
import { ConnectionRefused, EXPIRED } from "./refusal.js";

// all in milliseconds
const OPENING = 10_000; // a token and a handshake may take so long together
const SILENCE = 20_000; // after it the server is asked, and has half of it to answer
const GOOD_AFTER = 5000; // after a connection that held so long the waits are short again
const LONGEST_WAITS = [250, 500, 1000, 2000, 4000, 8000, 15_000]; // before each try

/** When a page comes back to life, or its network does. */
const WAKING = ["online", "offline", "visibilitychange", "pageshow"];

/** A connection to the server, made again whenever it is lost. Its owner is told, and never gets an exception. */
export class Socket {
  #owner;
  #dialer;
  #heartbeat;
  #socket = null;
  #openedAt = 0;
  #timer;
  #tries = 0;
  #turn = 0; // only the newest attempt counts
  answers = false; // the server is known to answer pings
  status = "idle";
  refusal = null; // why it is "closed"

  constructor(options, owner) {
    this.#owner = owner;
    this.#dialer = new Dialer(options, () => this.#renew());
    this.#heartbeat = options.heartbeat ?? SILENCE;
  }

  open() {
    if (this.status !== "idle" && this.status !== "closed") return;
    for (const type of WAKING) globalThis.addEventListener?.(type, this.#wake);
    this.#dial();
  }

  close() {
    this.#end("idle", 1000);
  }

  /** What matters is said again with the next connection. */
  send(message) {
    if (this.status === "live" && this.#socket.readyState === 1) this.#socket.send(JSON.stringify(message));
  }

  async #dial() {
    this.#drop();
    const turn = this.#turn;
    this.#wait(OPENING, () => this.#lost());
    this.#become("connecting");
    const create = await this.#dialer.prepare().catch((error) => error);
    if (turn !== this.#turn) return;
    if (typeof create !== "function") return this.#lost(create);
    try {
      this.#attach(create());
    } catch (error) {
      this.#refuse(error.message);
    }
  }

  #attach(socket) {
    this.#socket = socket;
    socket.onopen = () => {
      this.#openedAt = Date.now();
      this.#dialer.opened();
      this.#listen();
      this.#become("live");
    };
    socket.onmessage = ({ data }) => {
      this.#listen();
      this.#owner.received(data);
    };
    socket.onclose = (event) => this.#lost(event);
    socket.onerror = () => {}; // a close follows; without this a Node process would end
  }

  /** Show a new token; without one the server will close, and it is asked for again. */
  async #renew() {
    if (this.status !== "live") return;
    const token = await this.#dialer.token.get().catch(() => {});
    if (token !== undefined) this.send({ type: "refresh", data: { token } });
  }

  /** Something was heard: only a long silence is suspicious. */
  #listen() {
    this.#wait(this.#heartbeat, () => this.#ask(this.#heartbeat / 2));
  }

  #ask(patience) {
    this.send({ type: "ping" });
    this.#wait(patience, () => (this.answers ? this.#lost() : this.#listen()));
  }

  #wake = ({ type }) => {
    if (type === "visibilitychange" && document.hidden) return;
    if (this.status === "live") this.#ask(SILENCE / 4);
    else if (this.status === "offline" && type !== "offline") {
      this.#tries = 0;
      this.#dial();
    }
  };

  #lost(why) {
    const { code, reason, message = reason || `the server closed the connection (${code})` } = why ?? {};
    if ((code >= 4500 && code <= 4999) || (code === EXPIRED && this.#dialer.token.fixed)) {
      this.#refuse(message, code);
      return;
    }
    if (this.status !== "live") this.#dialer.failed();
    else if (Date.now() - this.#openedAt >= GOOD_AFTER) this.#tries = 0;
    this.#drop();
    const longest = LONGEST_WAITS[this.#tries++] ?? LONGEST_WAITS.at(-1);
    this.#wait(Math.random() * longest, () => this.#dial()); // not all clients at once
    this.#become("offline");
  }

  #refuse(message, code) {
    this.refusal = new ConnectionRefused(message, code);
    this.#end("closed");
  }

  #end(status, code) {
    for (const type of WAKING) globalThis.removeEventListener?.(type, this.#wake);
    this.#dialer.token.forget();
    this.#tries = 0;
    this.#drop(code);
    this.#become(status);
  }

  #wait(milliseconds, callback) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(callback, milliseconds);
  }

  /** Let go of the socket; whatever it still does concerns nobody. */
  #drop(code) {
    clearTimeout(this.#timer);
    this.#turn += 1;
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(...(code ? [code] : []));
  }

  #become(status) {
    if (status === this.status) return;
    this.status = status;
    if (status !== "closed") this.refusal = null;
    this.#owner.changed(status);
  }
}
