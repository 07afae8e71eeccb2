import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { beginOf, nested, span } from "../../../static/steps/workbench/runtree.js";

const run = (id, parent = "", more = {}) => ({ id, parent, trigger: "queue", state: "done", made: 0, until: 0, attempts: [], ...more });
const shape = (runs) => nested(runs).map(([{ id }, depth]) => `${depth}${id}`).join(" ");

describe("the runs of a trace", () => {
  it("stand below the one that caused them, in the order in which they were made", () => {
    assert.equal(shape([run("a"), run("b", "a"), run("c", "a"), run("d", "b"), run("e", "d")]), "0a 1b 2d 3e 1c");
  });

  it("are all there when what caused them is not", () => {
    assert.equal(shape([run("b", "of another project"), run("c", "b"), run("d", "gone")]), "0b 1c 0d");
    assert.equal(shape([]), "");
  });

  it("may be very deep", () => {
    const runs = Array.from({ length: 20_000 }, (_, index) => run(`${index}`, index ? `${index - 1}` : ""));
    assert.equal(nested(runs).at(-1)[1], 19_999);
  });

  it("begin to count when they were made: they wait, too; a request never waits", () => {
    const attempts = [{ at: 50 }, { at: 80 }];
    assert.equal(beginOf(run("a", "", { made: 10, attempts })), 10);
    assert.equal(beginOf(run("a", "", { made: 10 })), 10);
    assert.equal(beginOf(run("a", "", { made: 10, trigger: "http", attempts })), 50);
  });

  it("last until the last has ended, and until now while one goes on", () => {
    const ended = [run("a", "", { made: 10, until: 20 }), run("b", "a", { made: 15, until: 90 })];
    assert.deepEqual(span(ended, 500), { from: 10, until: 90, open: false });
    const waits = run("c", "a", { made: 30, until: null, state: "ready" });
    assert.deepEqual(span([...ended, waits], 500), { from: 10, until: 500, open: true });
    assert.deepEqual(span([run("a", "", { made: 7, until: 7 })], 500), { from: 7, until: 8, open: false });
  });
});
