import assert from "node:assert/strict";
import { beforeEach, describe, it, mock } from "node:test";

let kept = null;
globalThis.sessionStorage = { getItem: () => kept, setItem: (_, text) => (kept = text) };
const { Rates } = await import("../../../static/steps/workbench/rates.js");
const { Running } = await import("../../../static/steps/workbench/running.js");

const sample = (process, at, changes, frames = 0, more = {}) => ({
  process, at, changes, frames, pid: 1, host: "h", serving: true, connections: 2, times: [], counters: [], ...more,
});

describe("rates", () => {
  beforeEach(() => {
    kept = null;
    mock.timers.reset();
    mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
  });

  it("are per second, over all processes", () => {
    const rates = new Rates();
    rates.add(sample("a", 1000, 10, 100));
    rates.add(sample("b", 1000, 0));
    rates.add(sample("a", 3000, 30, 140));
    rates.add(sample("b", 2000, 5));
    rates.tick();
    assert.equal(rates.last("changes"), 10 + 5);
    assert.equal(rates.last("frames"), 20);
    assert.equal(rates.last("connections"), 4);
  });

  it("do not count what was done before, nor a process that began anew", () => {
    const rates = new Rates();
    rates.add(sample("a", 1000, 5000));
    rates.tick();
    assert.equal(rates.last("changes"), 0);
    rates.add(sample("a", 2000, 3)); // less than before
    rates.tick();
    assert.equal(rates.last("changes"), 0);
  });

  it("are nothing while a process is silent, and unknown when none is there", () => {
    const rates = new Rates();
    rates.tick();
    assert.equal(rates.last("changes"), null);
    rates.add(sample("a", 1000, 0));
    rates.add(sample("a", 2000, 9));
    mock.timers.tick(4000);
    rates.tick();
    assert.equal(rates.last("changes"), 0);
    mock.timers.tick(20_000);
    rates.tick();
    assert.deepEqual(rates.processes(), []);
  });

  it("have quantiles of all times of a second", () => {
    const rates = new Rates();
    rates.add(sample("a", 1000, 0, 0, { times: [3, 1, 2] }));
    rates.add(sample("b", 1000, 0, 0, { times: [40] }));
    rates.tick();
    assert.deepEqual([rates.last("p50"), rates.last("p95")], [3, 40]);
    rates.tick();
    assert.equal(rates.series("p50").at(-1), null);
  });

  it("go on where another page was left, with a gap", () => {
    const first = new Rates();
    first.ended(7);
    first.tick();
    mock.timers.tick(3000);
    assert.deepEqual(new Rates().series("runs"), [7, null, null, null]);
    mock.timers.tick(600_000);
    assert.deepEqual(new Rates().series("runs"), []);
  });

  it("sum up what was refused", () => {
    const rates = new Rates();
    rates.add(sample("a", 1, 0, 0, { counters: [["refused", "X", 2], ["resync", "epoch", 9]] }));
    rates.add(sample("b", 1, 0, 0, { counters: [["refused", "X", 3]] }));
    assert.deepEqual(rates.counters(), [["resync", "epoch", 9], ["refused", "X", 5]]);
  });
});

describe("running", () => {
  it("keeps up what the rows said", () => {
    const running = new Running();
    running.replace([{ id: "1", step: "A" }, { id: "2", step: "A" }]);
    assert.equal(running.take({ id: "1", step: "A", state: "running" }), null); // known already
    assert.equal(running.take({ id: "3", step: "B", state: "running" }), null);
    assert.deepEqual([...running.counts()], [["A", 2], ["B", 1]]);
    assert.equal(running.take({ id: "2", step: "", state: "cancelled" }), "A"); // the news did not say whose it was
    assert.equal(running.take({ id: "3", step: "B", state: "ready" }), null); // to be tried again
    assert.deepEqual([...running.counts()], [["A", 1]]);
  });
});
