/** Frames permuted, repeated and dropped at random: a subscription ends right, or knows that it does not know. */
import assert from "node:assert/strict";
import { it } from "node:test";

import { asked, initialState, reduce, since } from "../../../static/streams/reducer.js";

const SCHEDULES = Number(process.env.FUZZ_SCHEDULES ?? 2000);

/** A small generator of numbers, so that a failure can be played again. */
function dice(seed) {
  return (sides) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * sides);
  };
}

const frame = (type, data, more) => ({ streamName: "s", groupId: "g", ...more, event: { type, data } });

/** A group as the database has it, and the frames that it sends. */
class Group {
  items = new Map();
  last = new Map();
  log = [];

  constructor(roll) {
    this.roll = roll;
  }

  get sequence() {
    return this.log.length;
  }

  write() {
    const id = ["a", "b", "c"][this.roll(3)];
    const type = this.items.has(id) ? ["update", "delete"][this.roll(2)] : "create";
    const data = type === "delete" ? this.items.get(id) : { id, v: this.roll(1000) };
    if (type === "delete") this.items.delete(id);
    else this.items.set(id, data);
    const sequence = this.sequence + 1;
    const previous = type === "create" ? {} : { previous: this.last.get(id) };
    this.last.set(id, sequence);
    this.log.push(frame(type, data, { id, sequence, epoch: `k${sequence}`, ...previous }));
    return this.log.at(-1);
  }

  value(id) {
    return id === null ? [...this.items.values()] : (this.items.get(id) ?? null);
  }

  /** Answer a join as the server does: with what was missed where that can be known, else with everything. */
  answer(state) {
    const { sequence } = this;
    const head = { sequence, epoch: sequence ? `k${sequence}` : "", subscriptionId: "A" };
    const from = since(state);
    if (from === null || this.roll(2)) return frame("sync", this.value(state.id), head);
    const missed = this.log.slice(from.sequence).filter(({ id }) => state.id === null || state.id === id);
    return frame("resumed", missed, head);
  }

  /** What a subscription whose position is at *sequence* must hold. */
  at(id, sequence, history) {
    if (id === null) return history.get(sequence);
    const known = this.log.slice(0, sequence).filter((one) => one.id === id).at(-1);
    return !known || known.event.type === "delete" ? null : known.event.data;
  }
}

function shuffle(roll, list) {
  for (let i = list.length - 1; i > 0; i -= 1) {
    const j = roll(i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
}

function live(roll, id, where) {
  const group = new Group(roll);
  for (let count = roll(3); count > 0; count -= 1) group.write();
  let [state] = reduce(initialState("A", id), group.answer(initialState("A", id)));
  const history = new Map([[group.sequence, group.value(id)]]);
  let line = [];
  for (let step = 0; step < 30; step += 1) {
    const written = group.write();
    history.set(group.sequence, group.value(id));
    if (id === null || written.id === id) line.push(written);
    if (roll(3) > 0) continue;
    const sent = line.filter(() => roll(8) > 0);
    for (let count = roll(3); count > 0; count -= 1) {
      const old = group.log[roll(group.sequence)];
      if (id === null || old.id === id) sent.push(old);
    }
    if (roll(2)) shuffle(roll, sent);
    for (const one of sent) {
      let result;
      [state, result] = reduce(state, one);
      if (result === "need_resync") [state, result] = reduce(asked(state), group.answer(asked(state)));
      assert.deepEqual(state.value, group.at(id, state.position.sequence, history), where);
    }
    line = [];
  }
  [state] = reduce(asked(state), group.answer(asked(state)));
  assert.deepEqual(state.value, group.value(id), `${where}: wrong at the end`);
}

for (const id of [null, "b"]) {
  it(`${SCHEDULES} schedules of ${id === null ? "a group" : "an item"} end right or in need_resync`, () => {
    for (let seed = 1; seed <= SCHEDULES; seed += 1) live(dice(seed), id, `seed ${seed}`);
  });
}
