/** Plays the steps of one vector to a published `Stream` whose socket is a line we hold the other end of. */
import assert from "node:assert/strict";

/** One socket of the published client: it sees an adapter, we hand it frames. */
class Line {
  #heard = { message: [], open: [], close: [] };
  sent = [];
  open = true;

  connect() {}
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  onMessage(callback) {
    this.#heard.message.push(callback);
  }
  onOpen(callback) {
    this.#heard.open.push(callback);
  }
  onClose(callback) {
    this.#heard.close.push(callback);
  }
  isOpen() {
    return this.open;
  }
  close() {
    this.open = false;
  }
  deliver(frame) {
    const text = JSON.stringify(frame);
    this.#heard.message.forEach((callback) => callback(text));
  }
  cut() {
    this.open = false;
    this.#heard.close.forEach((callback) => callback());
  }
  up() {
    this.#heard.open.forEach((callback) => callback());
  }
}

/** The published client, its socket and the subscriptions of one vector. */
export class Replay {
  #lines = [];
  #subscriptions = new Map();
  #events = new Map();

  /**
   * @param {new (adapterFactory: () => Line) => any} Stream the class that the published package exports
   * @param {{tick: (milliseconds: number) => void}} timers the clock the client's reconnect waits on
   */
  constructor(Stream, timers) {
    this.timers = timers;
    this.stream = new Stream(() => {
      this.#lines.push(new Line());
      return this.line;
    });
    this.line.up();
  }

  get line() {
    return this.#lines.at(-1);
  }

  /** Does one step; raises AssertionError when the client is in another state than the step says. */
  play(step) {
    if ("sub" in step) this.#subscribe(step.sub);
    else if ("frame" in step) this.#frame(step);
    else if ("close" in step) this.#close(step.close);
    else if ("reconnect" in step) this.#reconnect();
    else if ("state" in step) this.#compare(step.state, (name) => this.#subscriptions.get(name).getState());
    else if ("events" in step) this.#compare(step.events, (name) => this.#events.get(name));
    else assert.fail(`unknown step ${JSON.stringify(step)}`);
  }

  #subscribe({ as, group, id, sortKey }) {
    const subscription =
      id === undefined
        ? this.stream.subscribeGroup("s", group, sortKey)
        : this.stream.subscribeItem("s", group, id);
    const events = [];
    subscription.onEvent("e", (data) => events.push(data));
    this.#subscriptions.set(as, subscription);
    this.#events.set(as, events);
    const { subscriptionId, ...data } = this.line.sent.at(-1).data;
    assert.equal(this.line.sent.at(-1).type, "join");
    assert.match(subscriptionId, /^[0-9a-f-]{36}$/);
    assert.deepEqual(data, { streamName: "s", groupId: group, ...(id === undefined ? {} : { id }) });
  }

  #frame({ frame, throws = false }) {
    if (throws) assert.throws(() => this.line.deliver(frame));
    else this.line.deliver(frame);
  }

  #close(name) {
    this.#subscriptions.get(name).close();
    assert.equal(this.line.sent.at(-1).type, "leave");
  }

  /** Cuts the socket; the client makes the next one after two seconds and joins everything again. */
  #reconnect() {
    const before = this.line.sent.filter((message) => message.type === "join");
    const left = new Set(
      this.line.sent.filter((message) => message.type === "leave").map((message) => message.data.subscriptionId),
    );
    this.line.cut();
    this.timers.tick(1999);
    assert.ok(!this.line.open, "reconnected before two seconds were over");
    this.timers.tick(1);
    this.line.up();
    assert.deepEqual(
      this.line.sent,
      before.filter((message) => !left.has(message.data.subscriptionId)),
    );
  }

  #compare(expected, actual) {
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(actual(name), value, name);
  }
}
