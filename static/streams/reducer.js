/**
 * What one subscription knows, and what a frame does to it. Pure: no clock, no network, no mutation.
 *
 * A group sees every change of its items, so a hole is a missing number. An item sees only its own, so a hole is a
 * `previous` that it has never seen. Servers that number nothing are believed frame by frame.
 */

/** The state before the first answer; `id`: the item, null for the whole group. */
export function initialState(subscriptionId, id, { value, position = null } = {}) {
  return {
    subscriptionId,
    id,
    value: value ?? (id === null ? [] : null),
    position, // { sequence, epoch } of the last change in it, null: not known
    pending: true, // a join is not answered yet
    parts: null, // of a sync that comes in parts
    seen: position?.sequence ?? 0, // an item's hole is a `previous` above this
    until: 0, // below this sequence a skip has left changes out
  };
}

/** The state once a join has been sent (again): until its answer only events count. */
export function asked(state) {
  return { ...state, pending: true, parts: null };
}

/** The position to name in a join, or null when there is none that the state could prove. */
export function since({ position, until }) {
  return position !== null && position.sequence >= until ? position : null;
}

/** Apply anything a server may send. Returns the state and what came of it; "need_resync": join again, from `since`. */
export function reduce(state, frame) {
  if (!concerns(state, frame)) return [state, "dropped"];
  const { type } = frame.event;
  if (type === "event") return [state, "event"];
  if (type === "sync") return sync(state, frame);
  if (type === "resumed") return resumed(state, frame);
  if (type === "skip") return skip(state, frame);
  return change(state, frame);
}

/** Is this frame for this subscription? */
function concerns({ subscriptionId, id }, frame) {
  if (!isObject(frame) || !isObject(frame.event)) return false;
  if (frame.subscriptionId != null) return frame.subscriptionId === subscriptionId;
  if (frame.event.type === "skip") return true;
  if (id !== null) return frame.id === id;
  return frame.event.type !== "sync" || frame.id == null;
}

function sync(state, frame) {
  const data = frame.event.data;
  // a resync is for everyone but does not answer a join; a server without sequences answers without naming anyone
  const answers = frame.subscriptionId != null || positionOf(frame) === null;
  if (state.pending && !answers) return [state, "dropped"];
  const group = state.id === null;
  if (group ? !Array.isArray(data) : data !== null && !isObject(data)) return [state, "dropped"];
  const value = group ? [...(state.parts ?? []), ...data] : data;
  if (frame.more) return [{ ...state, parts: value }, "part"];
  return [settled(state, value, positionOf(frame)), "synced"];
}

function resumed(state, frame) {
  const frames = frame.event.data;
  if (!state.pending || frame.subscriptionId == null || !Array.isArray(frames)) return [state, "dropped"];
  return [settled(state, patched(state, frames.filter(isChange)), positionOf(frame)), "resumed"];
}

function settled(state, value, position) {
  return { ...state, value, position, pending: false, parts: null, seen: position?.sequence ?? 0, until: 0 };
}

function skip(state, frame) {
  const { sequence, epoch = "" } = frame;
  const { from, until } = frame.event;
  if (state.pending || ![sequence, from, until].every(Number.isInteger)) return [state, "dropped"];
  const at = state.position?.sequence ?? 0;
  if (state.id !== null) {
    return [{ ...state, seen: Math.max(state.seen, sequence), until: Math.max(state.until, until) }, "skipped"];
  }
  if (sequence <= at) return [state, "dropped"];
  if (from > at + 1) return [state, "need_resync"];
  return [{ ...state, position: { sequence, epoch }, until: Math.max(state.until, until) }, "skipped"];
}

function change(state, frame) {
  if (state.pending || !isChange(frame)) return [state, "dropped"];
  const position = positionOf(frame);
  if (position !== null && state.position !== null) {
    const at = state.position.sequence;
    if (position.sequence <= at) return [state, "dropped"];
    const hole = state.id === null ? position.sequence !== at + 1 : frame.previous > Math.max(at, state.seen);
    if (hole) return [state, "need_resync"];
  }
  return [{ ...state, value: patched(state, [frame]), position: position ?? state.position }, "applied"];
}

/** The value after these changes, in order. New ids go to the end; a missing one is not missed. */
function patched({ id, value }, frames) {
  if (id !== null) return frames.reduce((_, { event }) => (event.type === "delete" ? null : event.data), value);
  const items = [...value];
  for (const { id: changed, event } of frames) {
    const index = items.findIndex((item) => item?.id === changed);
    const put = event.type === "delete" ? [] : [event.data];
    items.splice(index < 0 ? items.length : index, 1, ...put);
  }
  return items;
}

function positionOf({ sequence, epoch }) {
  return Number.isInteger(sequence) ? { sequence, epoch: epoch ?? "" } : null;
}

/** Is this the frame of a stored change? */
export function isChange(frame) {
  const { type, data } = frame?.event ?? {};
  return typeof frame?.id === "string" && isObject(data) && ["create", "update", "delete"].includes(type);
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
