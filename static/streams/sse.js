import { EXPIRED } from "./refusal.js";

/**
 * Server-sent events in the shape of a WebSocket, for networks that let no WebSocket through: one HTTP response per
 * subscription. Loaded when it is needed.
 */
export class EventStreams {
  readyState = 0;
  onopen = null;
  onmessage = null;
  onclose = null;
  onerror = null;
  #url;
  #token;
  /** @type {Map<string, AbortController>} by subscription */
  #open = new Map();

  /** @param {URL} url of the server @param {() => Promise<string|undefined>} token asked for every response */
  constructor(url, token) {
    this.#url = url;
    this.#token = token;
    probe(url, token).then((status) => (status === 200 ? this.#opened() : this.#end(status === 401 ? EXPIRED : 1006)));
  }

  send(text) {
    const { type, data } = JSON.parse(text);
    if (type === "join") this.#follow(data);
    else if (type === "leave") this.#leave(data.subscriptionId);
    else if (type === "ping" && this.#open.size === 0) queueMicrotask(() => this.#say({ type: "pong" }));
  }

  close() {
    this.readyState = 3;
    for (const id of [...this.#open.keys()]) this.#leave(id);
  }

  #opened() {
    if (this.readyState !== 0) return;
    this.readyState = 1;
    this.onopen?.();
  }

  #end(code) {
    if (this.readyState === 3) return;
    this.close();
    this.onclose?.({ code, reason: "" });
  }

  #leave(id) {
    this.#open.get(id)?.abort();
    this.#open.delete(id);
  }

  async #follow({ streamName, groupId, id, subscriptionId, since }) {
    this.#leave(subscriptionId);
    const abort = new AbortController();
    this.#open.set(subscriptionId, abort);
    const path = [streamName, groupId, ...(id === undefined ? [] : [id])].map((name) => `${encodeURIComponent(name)}/`);
    const url = new URL(path.join(""), base(this.#url));
    if (since !== null) url.searchParams.set("since", `${since.epoch}:${since.sequence}`);
    const mine = { streamName, groupId, subscriptionId };
    try {
      const response = await get(url, this.#token, "text/event-stream", abort.signal);
      if (response.ok) {
        // what follows is what was missed, or a sync that replaces everything
        if (since !== null) this.#say({ ...mine, ...since, event: { type: "resumed", data: [] } });
        for await (const frame of events(response.body)) {
          this.#say(frame === null ? { type: "pong" } : { ...frame, subscriptionId });
        }
      } else if (response.status === 403 || response.status === 404) {
        this.#open.delete(subscriptionId);
        this.#say({ ...mine, event: { type: "event", event: { type: "error", data: await refusal(response) } } });
        return;
      } else if (response.status === 401) {
        this.#end(EXPIRED);
      }
    } catch {
      // the line is cut, or we cut it ourselves
    }
    if (!abort.signal.aborted) this.#end(1006);
  }

  #say(data) {
    if (this.readyState === 1) this.onmessage?.({ data });
  }
}

/** What status the server answers over HTTP; 0: it does not. */
export async function probe(url, token) {
  try {
    return (await get(base(url), token, "application/json")).status;
  } catch {
    return 0;
  }
}

function base(url) {
  const at = new URL(url);
  at.protocol = at.protocol.replace(/^ws/, "http");
  at.pathname = at.pathname === "/" ? "/streams/" : at.pathname.replace(/\/*$/, "/");
  return at;
}

async function get(url, token, accept, signal) {
  const text = await token();
  const headers = { Accept: accept, ...(text === undefined ? {} : { Authorization: `Bearer ${text}` }) };
  return fetch(url, { headers, signal, cache: "no-store" });
}

async function refusal(response) {
  const { error } = await response.json().catch(() => ({}));
  const denied = response.status === 403 ? "STREAM_ACCESS_DENIED" : "STREAM_NOT_FOUND";
  return { code: error?.code ?? denied, message: error?.message ?? response.statusText };
}

/** The frames of an event stream; null for a comment, which says that the line is alive. */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let data = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines.map((text) => text.replace(/\r$/, ""))) {
      if (line.startsWith(":")) yield null;
      else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
      else if (line === "" && data.length > 0) {
        yield JSON.parse(data.join("\n"));
        data = [];
      }
    }
  }
}
