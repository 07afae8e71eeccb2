import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { differences } from "../../../static/steps/workbench/difference.js";

describe("what differs between two values", () => {
  it("is nothing between equal ones", () => {
    assert.deepEqual(differences({ a: [1, { b: null }] }, { a: [1, { b: null }] }), []);
    assert.deepEqual(differences(null, null), []);
  });

  it("is told by the deepest path", () => {
    assert.deepEqual(differences({ a: { b: 1, c: 2 }, d: [1, 2] }, { a: { b: 3, c: 2 }, d: [1, 5] }), [
      { path: "a.b", before: 1, after: 3 },
      { path: "d.1", before: 2, after: 5 },
    ]);
  });

  it("has one side only where something came or went", () => {
    assert.deepEqual(differences({ old: 1 }, { fresh: null }), [{ path: "old", before: 1 }, { path: "fresh", after: null }]);
    assert.deepEqual(differences(undefined, { id: "a" }), [{ path: "", after: { id: "a" } }]);
    assert.deepEqual(differences({ id: "a" }, undefined), [{ path: "", before: { id: "a" } }]);
  });

  it("does not compare the insides of different kinds", () => {
    assert.deepEqual(differences({ a: [1] }, { a: { 0: 1 } }), [{ path: "a", before: [1], after: { 0: 1 } }]);
    assert.deepEqual(differences({ a: null }, { a: {} }), [{ path: "a", before: null, after: {} }]);
  });

  it("ends at a bound", () => {
    const many = (value) => Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, value]));
    assert.equal(differences(many(1), many(2)).length, 60);
  });
});
