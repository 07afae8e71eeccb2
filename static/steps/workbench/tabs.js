/** Tabs as the keyboard knows them: one is in the order of the tab key, arrows go from one to the next. */
import { h, show } from "./page.js";

export class Tabs {
  #buttons = new Map();
  #onChosen;
  chosen = null;

  /** Panels have the ids `panel-<name>`. @param {HTMLElement} element @param {[string, string][]} tabs name and title */
  constructor(element, tabs, onChosen) {
    this.#onChosen = onChosen;
    for (const [name, title] of tabs) {
      const properties = { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `panel-${name}` };
      this.#buttons.set(name, h("button", { ...properties, onclick: () => this.choose(name) }, title));
      document.getElementById(`panel-${name}`).setAttribute("aria-labelledby", `tab-${name}`);
    }
    show(element, [...this.#buttons.values()]);
    element.addEventListener("keydown", (event) => this.#walk(event));
  }

  /** Show the panel of *name*, and say so. */
  choose(name) {
    this.chosen = this.#buttons.has(name) ? name : [...this.#buttons.keys()][0];
    for (const [one, button] of this.#buttons) {
      button.setAttribute("aria-selected", String(one === this.chosen));
      button.tabIndex = one === this.chosen ? 0 : -1;
      document.getElementById(`panel-${one}`).hidden = one !== this.chosen;
    }
    this.#onChosen(this.chosen);
  }

  #walk(event) {
    const names = [...this.#buttons.keys()];
    const steps = { ArrowRight: 1, ArrowLeft: -1 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    const next = names[(names.indexOf(this.chosen) + steps[event.key] + names.length) % names.length];
    this.choose(next);
    this.#buttons.get(next).focus();
  }
}
