/** Callbacks by event type. One that raises is reported and does not keep the others from being called. */
export class Listeners {
  #byType = new Map();

  /** Returns what takes the listener off again; the same one twice counts once. */
  on(type, listener) {
    if (typeof listener !== "function") throw new TypeError("a listener must be a function");
    if (!this.#byType.has(type)) this.#byType.set(type, new Set());
    this.#byType.get(type).add(listener);
    return () => this.off(type, listener);
  }

  off(type, listener) {
    this.#byType.get(type)?.delete(listener);
  }

  /** Call those that were there when it began and still are. Returns how many. */
  emit(type, ...values) {
    const listeners = this.#byType.get(type);
    let called = 0;
    for (const listener of [...(listeners ?? [])]) {
      if (!listeners.has(listener)) continue;
      called += 1;
      new Promise((resolve) => resolve(listener(...values))).catch(report); // plain and async ones alike
    }
    return called;
  }

  clear() {
    for (const listeners of this.#byType.values()) listeners.clear();
  }
}

/** Tell the page, or the console, about an error that is nobody's to catch. */
export function report(error) {
  (globalThis.reportError ?? console.error)(error);
}
