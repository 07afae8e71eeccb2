import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";

import { asked, initialState, reduce, since } from "../../../static/streams/reducer.js";

const vectors = JSON.parse(readFileSync(new URL("../../vectors/own.json", import.meta.url), "utf8"));

function frozen(value) {
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach(frozen);
    Object.freeze(value);
  }
  return value;
}

function play(state, frames) {
  const results = [];
  for (const frame of frames) {
    let result;
    [state, result] = reduce(frozen(state), frozen(frame));
    results.push(result);
  }
  return [state, results];
}

const change = (type, sequence, data, more = {}) => ({
  streamName: "s", groupId: "g", id: data.id, sequence, epoch: `k${sequence}`, ...more, event: { type, data },
});
const sync = (data, more = {}) => ({ streamName: "s", groupId: "g", ...more, event: { type: "sync", data } });

describe("the shared vectors", () => {
  assert.ok(vectors.length >= 27);
  for (const { name, start, frames, results, end } of vectors) {
    it(name, () => {
      const known = { value: start.state, position: start.pos };
      const begin = { ...initialState(start.subId, start.id ?? null, known), pending: start.pending };
      const [state, actual] = play(begin, frames);
      assert.deepEqual(actual, results);
      const { value, position, pending } = state;
      assert.deepEqual({ state: value, position, pending, since: since(state) }, end);
    });
  }
});

describe("a server that numbers nothing", () => {
  const begin = initialState("A", null);

  it("answers a join without naming it", () => {
    const [state, results] = play(begin, [
      { timestamp: 5, ...sync([{ id: "x", v: 1 }]) },
      { timestamp: 5, streamName: "s", groupId: "g", id: "x", event: { type: "update", data: { id: "x", v: 2 } } },
      { timestamp: 5, streamName: "s", groupId: "g", id: "x", event: { type: "update", data: { id: "x", v: 3 } } },
      { timestamp: 4, streamName: "s", groupId: "g", id: "y", event: { type: "create", data: { id: "y" } } },
    ]);
    assert.deepEqual(results, ["synced", "applied", "applied", "applied"]);
    assert.deepEqual(state.value, [{ id: "x", v: 3 }, { id: "y" }]);
    assert.equal(since(state), null);
  });

  it("syncs an item by its id, and not the group beside it", () => {
    const [item] = play(initialState("A", "x"), [sync([{ id: "x", v: 0 }]), sync({ id: "x", v: 1 }, { id: "x" })]);
    assert.deepEqual(item.value, { id: "x", v: 1 });
    const [group, results] = play(begin, [sync({ id: "x", v: 1 }, { id: "x" })]);
    assert.deepEqual([group.value, results], [[], ["dropped"]]);
  });
});

describe("an item", () => {
  const begin = { ...initialState("A", "x", { value: { id: "x" }, position: { sequence: 4, epoch: "k4" } }), pending: false };

  it("takes nothing of other items, groups' events included", () => {
    const [state, results] = play(begin, [
      change("update", 5, { id: "y" }),
      { streamName: "s", groupId: "g", event: { type: "event", event: { type: "typing", data: 1 } } },
      { streamName: "s", groupId: "g", id: "x", event: { type: "event", event: { type: "reaction", data: 1 } } },
    ]);
    assert.deepEqual(results, ["dropped", "dropped", "event"]);
    assert.equal(state, begin);
  });
});

describe("a group", () => {
  it("names no position again until a later answer ends a skip", () => {
    const known = { value: [{ id: "x" }], position: { sequence: 5, epoch: "k5" } };
    const skip = { streamName: "s", groupId: "g", sequence: 7, epoch: "k7", event: { type: "skip", from: 6, until: 9 } };
    const [skipped] = play({ ...initialState("A", null, known), pending: false }, [skip]);
    assert.equal(since(asked(skipped)), null);
    const [answered] = play(asked(skipped), [sync([], { sequence: 8, epoch: "k8", subscriptionId: "A" })]);
    assert.deepEqual(since(answered), { sequence: 8, epoch: "k8" });
  });

  it("forgets the parts of a sync that was cut off when it asks again", () => {
    const part = sync([{ id: "x" }], { sequence: 4, epoch: "k4", subscriptionId: "A", more: true });
    const whole = sync([{ id: "y" }], { sequence: 5, epoch: "k5", subscriptionId: "A" });
    const [cut] = play(initialState("A", null), [part]);
    const [state] = play(asked(cut), [whole]);
    assert.deepEqual(state.value, [{ id: "y" }]);
  });

  it("applies an answer once", () => {
    const known = { value: [], position: { sequence: 5, epoch: "k5" } };
    const resumed = {
      streamName: "s", groupId: "g", sequence: 6, epoch: "k6", subscriptionId: "A",
      event: { type: "resumed", data: [change("create", 6, { id: "x" })] },
    };
    const remove = change("delete", 7, { id: "x" });
    const [state, results] = play(initialState("A", null, known), [resumed, remove, resumed]);
    assert.deepEqual([state.value, results], [[], ["resumed", "applied", "dropped"]]);
  });
});

/** A small generator of numbers, so that a failure can be played again. */
function dice(seed) {
  return (sides) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * sides);
  };
}

describe("anything a server may send", () => {
  it("never raises and changes nothing it should not", () => {
    const roll = dice(7);
    const scraps = [
      null, 1, "x", [], {}, NaN, true, { type: "sync" }, { type: "sync", data: 1 }, { type: "sync", data: [null] },
      { type: "create" }, { type: "update", data: [] }, { type: "delete", data: null }, { type: "skip" }, { type: 5 },
      { type: "resumed", data: [null, 1, {}, { id: "x", event: null }] }, { type: "event" }, { type: "event", event: 1 },
    ];
    const pick = () => scraps[roll(scraps.length)];
    for (const id of [null, "x"]) {
      let state = initialState("A", id);
      for (let round = 0; round < 5000; round += 1) {
        const frame = roll(9) === 0 ? pick() : { event: pick(), id: pick(), sequence: pick(), subscriptionId: [undefined, "A"][roll(2)] };
        [state] = reduce(roll(5) === 0 ? asked(state) : state, frame);
        assert.ok(id === null ? Array.isArray(state.value) : !Array.isArray(state.value));
      }
    }
  });
});
