import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";

import { Timer, backoff } from "../../../static/streams/timer.js";

describe("the wait before a try", () => {
  afterEach(() => mock.restoreAll());

  it("is anything from nothing up to a longest that grows and then stays", () => {
    const random = mock.method(Math, "random", () => 0.999999);
    const longest = [0, 1, 2, 3, 4, 5, 6, 7, 100].map((tries) => Math.round(backoff(tries)));
    assert.deepEqual(longest, [250, 500, 1000, 2000, 4000, 8000, 15000, 15000, 15000]);
    random.mock.mockImplementation(() => 0);
    assert.equal(backoff(6), 0);
  });
});

describe("a timer", () => {
  beforeEach(() => {
    mock.timers.enable({ apis: ["setTimeout"] });
    mock.method(Math, "random", () => 1);
  });
  afterEach(() => {
    mock.timers.reset();
    mock.restoreAll();
  });

  it("waits longer with every start, until it is reset", () => {
    const callback = mock.fn();
    const timer = new Timer(callback);
    for (const wait of [250, 500, 1000]) {
      timer.start();
      mock.timers.tick(wait - 1);
      assert.equal(callback.mock.callCount(), 0);
      mock.timers.tick(1);
      assert.equal(callback.mock.callCount(), 1);
      callback.mock.resetCalls();
    }
    timer.reset();
    timer.start();
    mock.timers.tick(250);
    assert.equal(callback.mock.callCount(), 1);
  });

  it("calls once, however often it is started, and not when stopped", () => {
    const callback = mock.fn();
    const timer = new Timer(callback);
    timer.start();
    timer.start();
    mock.timers.tick(60_000);
    assert.equal(callback.mock.callCount(), 1);
    timer.start();
    timer.stop();
    mock.timers.tick(60_000);
    assert.equal(callback.mock.callCount(), 1);
  });
});
