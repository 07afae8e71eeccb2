import assert from "node:assert/strict";
import { afterEach, describe, it, mock } from "node:test";

import { Listeners } from "../../../static/streams/listeners.js";

describe("listeners", () => {
  afterEach(() => mock.restoreAll());

  it("get what is emitted of their type, each once", () => {
    const listeners = new Listeners();
    const listener = mock.fn();
    listeners.on("a", listener);
    listeners.on("a", listener);
    assert.equal(listeners.emit("a", 1, 2), 1);
    assert.equal(listeners.emit("b"), 0);
    assert.deepEqual(listener.mock.calls.map(({ arguments: values }) => values), [[1, 2]]);
  });

  it("can be taken off, also while they are being called", () => {
    const listeners = new Listeners();
    const second = mock.fn();
    const off = listeners.on("a", () => listeners.off("a", second));
    listeners.on("a", second);
    listeners.emit("a");
    off();
    listeners.emit("a");
    assert.equal(second.mock.callCount(), 0);
  });

  it("are called although another one raises or rejects; the error is reported", async () => {
    const reported = mock.method(console, "error", () => {});
    const listeners = new Listeners();
    const last = mock.fn();
    listeners.on("a", () => { throw new Error("one"); });
    listeners.on("a", async () => { throw new Error("two"); });
    listeners.on("a", last);
    listeners.emit("a");
    await new Promise(setImmediate);
    assert.equal(last.mock.callCount(), 1);
    assert.deepEqual(reported.mock.calls.map(({ arguments: [error] }) => error.message), ["one", "two"]);
  });

  it("are reported to the page's own error handling where there is one", async () => {
    globalThis.reportError = mock.fn();
    try {
      const listeners = new Listeners();
      listeners.on("a", () => { throw new Error("one"); });
      listeners.emit("a");
      await new Promise(setImmediate);
      assert.equal(globalThis.reportError.mock.callCount(), 1);
    } finally {
      delete globalThis.reportError;
    }
  });

  it("must be functions", () => {
    assert.throws(() => new Listeners().on("a", null), TypeError);
  });
});
