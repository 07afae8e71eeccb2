/** One item in a list: its id, what one may do with it, and its value, which opens as a tree. */
import { json } from "./json.js";
import { h, show } from "./page.js";

const SHORT = 160;

export class ItemRow {
  #text = "";
  #value = null;
  #viewer = null;
  #line = h("code", { class: "st-line" });
  #details;

  /** @param {string} id @param {HTMLElement[]} buttons @param {boolean} open */
  constructor(id, buttons, open) {
    this.id = id;
    const place = h("div", {});
    this.#details = h("details", {}, h("summary", {}, h("strong", {}, id), " ", this.#line), place);
    this.#details.addEventListener("toggle", () => {
      if (!this.#details.open || this.#viewer !== null) return;
      this.#viewer = json(this.#value, `Value of ${id}`);
      show(place, this.#viewer);
    });
    this.#details.open = open;
    this.element = h("li", { "data-item": id }, this.#details, h("span", { class: "wb-line st-do" }, buttons));
  }

  get value() {
    return this.#value;
  }

  /** @param {any} value */
  set value(value) {
    const text = JSON.stringify(value);
    if (text === this.#text) return;
    const known = this.#text !== "";
    this.#text = text;
    this.#value = value;
    this.#line.textContent = text.length > SHORT ? `${text.slice(0, SHORT)}…` : text;
    if (this.#viewer !== null) this.#viewer.data = value;
    if (!known) return;
    this.element.classList.remove("st-changed");
    requestAnimationFrame(() => this.element.classList.add("st-changed"));
  }
}

/** The button of something that cannot be undone: pressed once it asks, pressed again it does. */
export function sureButton(text, label, go) {
  const ask = `${text}: really?`;
  const button = h("button", { type: "button", class: "wb-button danger", "aria-label": label }, text);
  const calm = () => {
    button.textContent = text;
    button.setAttribute("aria-label", label);
  };
  button.addEventListener("click", () => {
    if (button.textContent === ask) {
      calm();
      go();
      return;
    }
    button.textContent = ask;
    button.setAttribute("aria-label", `${ask} ${label}`);
  });
  button.addEventListener("blur", calm);
  return button;
}
