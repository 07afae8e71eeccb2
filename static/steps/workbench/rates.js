/** What the processes have done, per second: from samples of counts that only grow. */

const PLACES = 120; // seconds that are shown
const KEPT = "millrace.rates";
const GONE_MS = 15_000; // a process that has said nothing for so long is no more
const QUIET_MS = 2500; // one that does something says so every second

export class Rates {
  static PLACES = PLACES;
  #processes = new Map();
  #series = new Map();
  #times = [];
  #ended = 0;

  /** With what was seen before the page was left, if that is not long ago. */
  constructor() {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    const passed = kept === null ? PLACES : Math.round((Date.now() - kept.at) / 1000);
    if (passed >= PLACES) return;
    for (const [name, values] of Object.entries(kept.series)) {
      this.#series.set(name, [...values, ...Array(Math.max(0, passed)).fill(null)].slice(-PLACES));
    }
  }

  /** Take what a process says of itself. */
  add(sample) {
    const before = this.#processes.get(sample.process);
    const seconds = before ? Math.max(1, (sample.at - before.at) / 1000) : null;
    const per = (name) => (seconds === null ? 0 : Math.max(0, sample[name] - before[name]) / seconds);
    this.#processes.set(sample.process, { ...sample, heard: Date.now(), changed: per("changes"), framed: per("frames") });
    this.#times.push(...sample.times);
  }

  /** So many runs have ended. */
  ended(count) {
    this.#ended += count;
  }

  /** A second has passed. */
  tick() {
    const now = Date.now();
    for (const [name, one] of this.#processes) if (now - one.heard > GONE_MS) this.#processes.delete(name);
    const all = [...this.#processes.values()];
    const known = all.length > 0;
    const sum = (name) => all.reduce((total, one) => total + one[name], 0);
    const busy = all.filter((one) => now - one.heard < QUIET_MS);
    this.#push("changes", known ? busy.reduce((total, one) => total + one.changed, 0) : null);
    this.#push("frames", known ? busy.reduce((total, one) => total + one.framed, 0) : null);
    this.#push("connections", known ? sum("connections") : null);
    this.#push("runs", this.#ended);
    this.#ended = 0;
    const times = this.#times.sort((a, b) => a - b);
    this.#push("p50", times.length ? times[Math.floor(times.length / 2)] : null);
    this.#push("p95", times.length ? times[Math.floor(times.length * 0.95)] : null);
    this.#times = [];
    sessionStorage.setItem(KEPT, JSON.stringify({ at: now, series: Object.fromEntries(this.#series) }));
  }

  /** What is known of *name*, a value per second, from old to new. */
  series(name) {
    return this.#series.get(name) ?? [];
  }

  /** The newest value that is known of *name*. */
  last(name) {
    return this.series(name).findLast((value) => value !== null) ?? null;
  }

  /** What each process said last. */
  processes() {
    return [...this.#processes.values()].sort((a, b) => a.pid - b.pid);
  }

  /** What was refused, dropped or healed: `[name, reason, count]` over all processes, the most frequent first. */
  counters() {
    const sums = new Map();
    for (const { counters } of this.#processes.values()) {
      for (const [name, reason, count] of counters) {
        const known = sums.get(`${name} ${reason}`) ?? [name, reason, 0];
        sums.set(`${name} ${reason}`, [name, reason, known[2] + count]);
      }
    }
    return [...sums.values()].sort((a, b) => b[2] - a[2]);
  }

  #push(name, value) {
    const values = [...this.series(name), value];
    this.#series.set(name, values.slice(-PLACES));
  }
}
