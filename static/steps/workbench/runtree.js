/** The runs of a trace as they caused one another. */

/**
 * Each run after the one that caused it, with how deep it is.
 * @template {{id: string, parent: string}} T @param {T[]} runs the first one first @returns {[T, number][]}
 */
export function nested(runs) {
  const ids = new Set(runs.map(({ id }) => id));
  const children = new Map();
  for (const run of runs) {
    const parent = ids.has(run.parent) ? run.parent : ""; // another one is not of this project, or gone
    if (!children.has(parent)) children.set(parent, []);
    children.get(parent).push(run);
  }
  const found = [];
  const waiting = [...(children.get("") ?? [])].reverse().map((run) => [run, 0]);
  while (waiting.length > 0) {
    const [run, depth] = waiting.pop();
    found.push([run, depth]);
    for (const child of [...(children.get(run.id) ?? [])].reverse()) waiting.push([child, depth + 1]);
  }
  return found;
}

export const unfinished = ({ state }) => state === "ready" || state === "running";

/** When a run began to be something: what it waited for counts, too. */
export const beginOf = (run) => Math.min(run.trigger === "http" ? Infinity : run.made, run.attempts[0]?.at ?? run.made);

/** Whether nothing goes on any more, from when to when it went, and by which clock. @param {object[]} runs @param {number} now */
export function span(runs, now) {
  const from = Math.min(...runs.map(beginOf));
  const until = Math.max(...runs.map((run) => run.until ?? now));
  return { from, until: Math.max(until, from + 1), open: runs.some(unfinished) };
}
