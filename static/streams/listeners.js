/** Callbacks by event type. One that raises is reported and does not keep the others from being called. */
export class Listeners {
  /** @type {Map<string, Set<Function>>} */
  #byType = new Map();

  /**
   * Call *listener* for every event of *type* from now on; the same one twice counts once.
   *
   * @param {string} type
   * @param {Function} listener
   * @returns {() => void} takes the listener off again
   */
  on(type, listener) {
    if (typeof listener !== "function") throw new TypeError("a listener must be a function");
    if (!this.#byType.has(type)) this.#byType.set(type, new Set());
    this.#byType.get(type).add(listener);
    return () => this.off(type, listener);
  }

  /** @param {string} type @param {Function} listener */
  off(type, listener) {
    const listeners = this.#byType.get(type);
    if (listeners?.delete(listener) && listeners.size === 0) this.#byType.delete(type);
  }

  /**
   * Call the listeners of *type*, those that were there when it began and are still there.
   *
   * @returns {number} how many were called
   */
  emit(type, ...values) {
    let called = 0;
    for (const listener of [...(this.#byType.get(type) ?? [])]) {
      if (!this.#byType.get(type)?.has(listener)) continue;
      called += 1;
      try {
        const returned = listener(...values);
        if (typeof returned?.then === "function") returned.then(undefined, report);
      } catch (error) {
        report(error);
      }
    }
    return called;
  }

  clear() {
    this.#byType.clear();
  }
}

/** Tell the host about an error that is nobody's to catch: `reportError` in browsers, the console elsewhere. */
export function report(error) {
  if (typeof globalThis.reportError === "function") globalThis.reportError(error);
  else console.error(error);
}
