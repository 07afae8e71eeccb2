import { report } from "./listeners.js";

const LONGEST = 2 ** 31 - 1; // no timer waits longer

/** Who the client is: a text, or what a callback returns for each connection. */
export class Token {
  #source;
  #expiring;
  #timer;

  /** `expiring` is called when a fifth of the token's life is left. */
  constructor(source, expiring) {
    this.#source = source;
    this.#expiring = expiring;
  }

  /** There is no other one to be had; without any the session counts. */
  get fixed() {
    return typeof this.#source === "string";
  }

  async get() {
    if (typeof this.#source !== "function") return this.#source;
    try {
      const given = await this.#source();
      const { token = given, expiresAt } = Object(given);
      this.forget();
      const left = 0.8 * (expiresAt - Date.now());
      if (left >= 0) this.#timer = setTimeout(this.#expiring, Math.min(left, LONGEST));
      this.#timer?.unref?.(); // keeps no process alive
      return token ?? undefined;
    } catch (error) {
      report(error);
      throw error;
    }
  }

  /** Forget when it expires. */
  forget() {
    clearTimeout(this.#timer);
  }
}
