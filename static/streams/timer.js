/** The longest wait before each try, in milliseconds; the last one is for all further tries. */
const LONGEST_WAITS = [250, 500, 1000, 2000, 4000, 8000, 15000];

/**
 * Wait before try number *tries* (from 0): anything between nothing and the longest, so that the clients of a
 * restarted server do not come back all at once ("full jitter").
 *
 * @param {number} tries how many have failed already
 * @returns {number} milliseconds
 */
export function backoff(tries) {
  return Math.random() * LONGEST_WAITS[Math.min(tries, LONGEST_WAITS.length - 1)];
}

/** Calls back after a wait that grows with every start, until it is reset. */
export class Timer {
  #callback;
  #tries = 0;
  #handle = null;

  /** @param {() => void} callback */
  constructor(callback) {
    this.#callback = callback;
  }

  /** Wait once more, longer than the time before; a wait that is under way is given up. */
  start() {
    this.stop();
    this.#handle = setTimeout(() => {
      this.#handle = null;
      this.#callback();
    }, backoff(this.#tries));
    this.#tries += 1;
  }

  /** Do not call back; the next wait is as long as it would have been. */
  stop() {
    clearTimeout(this.#handle);
    this.#handle = null;
  }

  /** Do not call back, and begin with short waits again. */
  reset() {
    this.stop();
    this.#tries = 0;
  }
}
