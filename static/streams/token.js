import { report } from "./listeners.js";

/** No timer waits longer (milliseconds). */
const LONGEST = 2 ** 31 - 1;

/** What the client shows who it is with: a text, or what a callback returns for each connection. */
export class Token {
  #source;
  #expiring;
  #timer;

  /** @param {any} source @param {() => void} expiring called when a fifth of the token's life is left */
  constructor(source, expiring) {
    this.#source = source;
    this.#expiring = expiring;
  }

  /** @returns {Promise<string|undefined>} rejected when the callback failed, which is reported */
  async get() {
    if (typeof this.#source !== "function") return this.#source;
    try {
      const given = await this.#source();
      const { token = given, expiresAt } = Object(given);
      this.stop();
      const left = 0.8 * (Number(expiresAt) - Date.now());
      if (left >= 0) this.#timer = setTimeout(this.#expiring, Math.min(left, LONGEST));
      return token ?? undefined;
    } catch (error) {
      report(error);
      throw error;
    }
  }

  /** Forget when it expires. */
  stop() {
    clearTimeout(this.#timer);
  }
}
