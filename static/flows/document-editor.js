import { merge, moved } from "./merging.js";

const PAUSE = 250; // ms without a key before what was written is sent

/** A text that others write too. What is here and not there yet is always the difference between the text and its base. */
export class DocumentEditor {
  #area;
  #save;
  #say;
  #base = "";
  #revision = 0;
  #newest = null; // came while something was on its way
  #sending = false;
  #timer;

  /**
   * @param {HTMLTextAreaElement} area
   * @param {(base: string, content: string) => Promise<object>} save returns the document as it is then
   * @param {(text: string) => void} say what became of it
   */
  constructor(area, save, say) {
    this.#area = area;
    this.#save = save;
    this.#say = say;
    area.addEventListener("input", () => this.#plan(PAUSE));
  }

  /** @param {{ content: string, revision: number } | null} document as the stream has it */
  show(document) {
    if (document === null) {
      this.#revision = 0;
      return;
    }
    this.#area.readOnly = false;
    if (document.revision <= this.#revision) return;
    if (this.#sending) this.#newest = document;
    else this.#adopt(document, this.#base);
  }

  #adopt({ content, revision }, base) {
    const { value, selectionStart, selectionEnd } = this.#area;
    const text = merge(base, value, content);
    if (text !== value) {
      this.#area.value = text;
      this.#area.setSelectionRange(moved(selectionStart, value, text), moved(selectionEnd, value, text));
    }
    this.#base = content;
    this.#revision = revision;
    if (text !== content) this.#plan(PAUSE);
  }

  #plan(pause) {
    this.#say("Writing…");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#send(), pause);
  }

  async #send() {
    if (this.#sending) return;
    const base = this.#base;
    const content = this.#area.value;
    if (content === base) {
      this.#say("Saved");
      return;
    }
    this.#sending = true;
    try {
      this.#adopt(await this.#save(base, content), content);
      if (this.#newest !== null && this.#newest.revision > this.#revision) this.#adopt(this.#newest, this.#base);
      this.#newest = null;
      this.#sending = false;
      if (this.#area.value === this.#base) this.#say("Saved");
      else this.#plan(0);
    } catch (error) {
      this.#sending = false;
      this.#say(error.message);
      this.#timer = setTimeout(() => this.#send(), 2000);
    }
  }
}
