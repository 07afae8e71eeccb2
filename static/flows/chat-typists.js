/** Who is typing, as far as was heard lately. */
export class Typists {
  /** Milliseconds that somebody is shown after they were heard of. */
  static SHOWN = 4000;

  /** @type {Map<string, number>} the timers that take them off, by name */
  #names = new Map();
  #tell;

  /** @param {(text: string) => void} tell given what to show */
  constructor(tell) {
    this.#tell = tell;
  }

  add(name) {
    clearTimeout(this.#names.get(name));
    this.#names.set(name, setTimeout(() => this.remove(name), Typists.SHOWN));
    this.#show();
  }

  remove(name) {
    clearTimeout(this.#names.get(name));
    if (this.#names.delete(name)) this.#show();
  }

  #show() {
    const names = [...this.#names.keys()];
    this.#tell(names.length === 0 ? "" : `${names.join(", ")} ${names.length === 1 ? "is" : "are"} typing…`);
  }
}
