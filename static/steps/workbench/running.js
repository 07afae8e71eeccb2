/** Which runs go on, by step: read from the rows, then kept up by what is told. */

export class Running {
  #steps = new Map(); // by run

  /** What the rows say now. @param {{id: string, step: string}[]} runs */
  replace(runs) {
    this.#steps = new Map(runs.map(({ id, step }) => [id, step]));
  }

  /** Take news of a run. @returns {string | null} the step whose run has ended just now */
  take({ id, step, state }) {
    const known = step || this.#steps.get(id) || null;
    if (state === "running") this.#steps.set(id, known);
    else this.#steps.delete(id);
    return state === "running" || state === "ready" ? null : known;
  }

  /** @returns {Map<string, number>} */
  counts() {
    const counts = new Map();
    for (const step of this.#steps.values()) counts.set(step, (counts.get(step) ?? 0) + 1);
    return counts;
  }
}
