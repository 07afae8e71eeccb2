/**
 * What one subscription knows, and what a frame does to it. Pure: no clock, no network, no mutation.
 *
 * A group is a list of items in creation order and sees every change of its group, so its sequences are dense and a
 * hole is a missing number. An item sees only its own changes, so a hole is a `previous` it has never seen.
 * Servers that number nothing (no `sequence`) are believed frame by frame, in the order of arrival.
 */

/** @typedef {{ sequence: number, epoch: string }} Position The last change a state contains. */
/** @typedef {{ id: string } & Record<string, unknown>} Item */
/** @typedef {"synced"|"part"|"resumed"|"applied"|"skipped"|"event"|"dropped"|"need_resync"} Result */
/**
 * @typedef {object} State
 * @property {string} subscriptionId names the subscription in answers
 * @property {string|null} id the item subscribed to; null: the whole group
 * @property {Item[]|Item|null} value the items of the group, or the item
 * @property {Position|null} position null: not known
 * @property {boolean} pending a join is on its way and not answered yet
 * @property {Item[]|null} parts a sync that arrives in parts, so far
 * @property {number} seen an item's hole is a `previous` above this
 * @property {number} until below this sequence the state lacks changes that a skip left out
 */

/**
 * Return the state of a subscription that has not been answered yet.
 *
 * @param {string} subscriptionId
 * @param {string|null} id the item; null: the whole group
 * @param {{ value?: Item[]|Item|null, position?: Position|null }} [known] what is known already
 * @returns {State}
 */
export function initialState(subscriptionId, id, { value, position = null } = {}) {
  return {
    subscriptionId,
    id,
    value: value ?? (id === null ? [] : null),
    position,
    pending: true,
    parts: null,
    seen: position?.sequence ?? 0,
    until: 0,
  };
}

/**
 * Return the state once a join has been sent (again): until its answer only events count.
 *
 * @param {State} state
 * @returns {State}
 */
export function asked(state) {
  return { ...state, pending: true, parts: null };
}

/**
 * Return the position to name when joining, or null when there is none that the state could prove.
 *
 * @param {State} state
 * @returns {Position|null}
 */
export function since({ position, until }) {
  return position !== null && position.sequence >= until ? position : null;
}

/**
 * Apply one frame.
 *
 * @param {State} state
 * @param {any} frame anything a server may send
 * @returns {[State, Result]} `need_resync`: a change is missing, join again with `since(state)`
 */
export function reduce(state, frame) {
  if (!concerns(state, frame)) return [state, "dropped"];
  switch (frame.event.type) {
    case "event":
      return [state, "event"];
    case "sync":
      return sync(state, frame);
    case "resumed":
      return resumed(state, frame);
    case "skip":
      return skip(state, frame);
    case "create":
    case "update":
    case "delete":
      return change(state, frame);
    default:
      return [state, "dropped"];
  }
}

/** Is this frame for this subscription? */
function concerns({ subscriptionId, id }, frame) {
  if (!isObject(frame) || !isObject(frame.event)) return false;
  if (frame.subscriptionId != null) return frame.subscriptionId === subscriptionId;
  if (frame.event.type === "skip") return true;
  if (id !== null) return frame.id === id;
  return frame.event.type !== "sync" || frame.id == null;
}

/** @returns {[State, Result]} */
function sync(state, frame) {
  const data = frame.event.data;
  // a resync is for everyone but does not answer a join; a server without sequences answers without naming anyone
  const answers = frame.subscriptionId != null || positionOf(frame) === null;
  if (state.pending && !answers) return [state, "dropped"];
  if (state.id === null ? !Array.isArray(data) : data !== null && !isObject(data)) return [state, "dropped"];
  const value = state.id === null ? [...(state.parts ?? []), ...data] : data;
  if (frame.more) return [{ ...state, parts: value }, "part"];
  return [settled(state, value, positionOf(frame)), "synced"];
}

/** @returns {[State, Result]} */
function resumed(state, frame) {
  const frames = frame.event.data;
  if (!state.pending || frame.subscriptionId == null || !Array.isArray(frames)) return [state, "dropped"];
  return [settled(state, patched(state, frames.filter(isChange)), positionOf(frame)), "resumed"];
}

/** The state after an answer: nothing is open and nothing is left out. */
function settled(state, value, position) {
  return { ...state, value, position, pending: false, parts: null, seen: position?.sequence ?? 0, until: 0 };
}

/** @returns {[State, Result]} */
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

/** @returns {[State, Result]} */
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
    if (event.type === "delete") {
      if (index >= 0) items.splice(index, 1);
    } else if (index >= 0) {
      items[index] = event.data;
    } else {
      items.push(event.data);
    }
  }
  return items;
}

function positionOf({ sequence, epoch }) {
  return Number.isInteger(sequence) ? { sequence, epoch: epoch ?? "" } : null;
}

/** Is this the frame of a stored change? @param {any} frame */
export function isChange(frame) {
  const { type, data } = frame?.event ?? {};
  return typeof frame?.id === "string" && isObject(data) && ["create", "update", "delete"].includes(type);
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
