import { ConnectionRefused, EXPIRED } from "./refusal.js";
import { Token } from "./token.js";

/** What a subprotocol may consist of; other tokens travel in the query. */
const PROTOCOL = /^[!#$%&'*+\-.^_`|~\w]+$/;

/** Makes sockets: of which kind, where to, in whose name. */
export class Dialer {
  #options;
  #worked = false; // a WebSocket has opened here: they are not blocked
  #failed = false;
  #reachable = false; // HTTP works, seen just before this attempt
  #blocked = false;

  constructor(options, expiring) {
    this.#options = options;
    this.token = new Token(options.token, expiring);
  }

  /** Resolves to what makes a socket, or raises if that can never be. Rejected: try again, but for a refusal. */
  async prepare() {
    const { transport = "auto", WebSocket = globalThis.WebSocket } = this.#options;
    const token = () => this.token.get();
    this.#reachable = false;
    if (transport === "sse" || (transport === "auto" && (this.#blocked || !WebSocket))) {
      const { EventStreams } = await import("./sse.js");
      return () => new EventStreams(this.#url(), token);
    }
    if (this.#failed && transport === "auto") {
      const status = await (await import("./sse.js")).probe(this.#url(), token);
      if (status === 401 && this.token.fixed) throw new ConnectionRefused("the server refuses the token", EXPIRED);
      this.#reachable = status === 200;
    }
    const text = await token();
    return () => this.#create(WebSocket, text);
  }

  opened() {
    this.#worked ||= !this.#blocked;
    this.#failed = false;
  }

  /** Is it WebSockets that do not get through? Yes, if HTTP does. */
  failed() {
    this.#failed = !this.#worked;
    this.#blocked = this.#failed && !this.#blocked && this.#reachable;
  }

  #create(WebSocket, token) {
    if (!WebSocket) throw new Error("there is no WebSocket here; give one: new StreamClient({ url, WebSocket })");
    const url = this.#url();
    url.protocol = url.protocol.replace("http", "ws");
    if (token === undefined) return new WebSocket(url.href);
    if (PROTOCOL.test(token)) return new WebSocket(url.href, ["Authorization", token]);
    url.searchParams.set("authToken", token);
    return new WebSocket(url.href);
  }

  #url() {
    const page = globalThis.location?.href;
    const { url = page && "/streams/" } = this.#options;
    if (!url) throw new Error("there is no address; give one: new StreamClient({ url })");
    return new URL(url, page);
  }
}
