/** The form of an item: what the server refuses is said beside it, and what others did to the item meanwhile, too. */
import { act, attempt, complain, h, Refusal, say, show } from "./page.js";

export class Editor {
  #element;
  #onDone;
  #edited = null; // the item as it was when the form was opened
  #parts = null;
  #words;

  /**
   * @param {HTMLElement} element @param {(group: string, id: string) => void} onDone called when something was written
   * @param {{group: string, id: string, item: string, hasId: boolean}} words hasId: the values have their ids in them
   */
  constructor(element, onDone, words = { group: "Group", id: "Id", item: "item", hasId: true }) {
    this.#element = element;
    this.#onDone = onDone;
    this.#words = words;
  }

  close() {
    this.#edited = null;
    this.#parts = null;
    show(this.#element, []);
  }

  /** Make an item. @param {{stream: object, group: string | null}} place */
  create({ stream, group }) {
    this.#open("create", stream, group ?? "", "", stream.example ?? {});
  }

  /** Replace an item. */
  edit({ stream, group }, id, value) {
    this.#open("edit", stream, group, id, value);
    this.#edited = { id, text: JSON.stringify(value) };
  }

  /** The items are these now: is the edited one another one? @param {(id: string) => any} current */
  look(current) {
    if (this.#edited === null) return;
    const text = JSON.stringify(current(this.#edited.id));
    if (text === this.#edited.text) return;
    this.#edited.text = text;
    const gone = text === undefined;
    const load = () => {
      this.#parts.value.value = pretty(JSON.parse(text));
      show(this.#parts.news, []);
    };
    const button = gone ? null : h("button", { type: "button", class: "wb-button", onclick: load }, "Load it");
    show(this.#parts.news, [gone ? `The ${this.#words.item} was deleted meanwhile.` : `The ${this.#words.item} was changed meanwhile; saving replaces that. `, button].filter(Boolean));
  }

  #open(action, stream, group, id, value) {
    const field = (name, label, text, fixed) => {
      const input = h("input", { id: `edit-${name}`, value: text, required: true, readonly: fixed, autocomplete: "off", spellcheck: "false" });
      return [h("div", { class: "wb-field" }, h("label", { for: `edit-${name}` }, label), input), input];
    };
    const [groupField, groupInput] = field("group", this.#words.group, group, action === "edit");
    const [idField, idInput] = field("id", this.#words.id, id, action === "edit");
    const valueInput = h("textarea", { id: "edit-value", rows: 10, spellcheck: "false", "aria-describedby": "edit-faults", value: pretty(this.#words.hasId ? without(value) : value) });
    const faults = h("ul", { class: "wb-fault", id: "edit-faults" });
    const news = h("p", { class: "wb-line", role: "status" });
    this.#parts = { value: valueInput, news };
    const save = () => this.#save(action, stream, { group: groupInput, id: idInput, value: valueInput, faults });
    const form = h(
      "form",
      { class: "wb-panel st-form", "aria-label": action === "edit" ? `Edit ${id}` : `New ${this.#words.item}`, novalidate: true },
      h("div", { class: "st-fields" }, groupField, idField),
      h("div", { class: "wb-field" }, h("label", { for: "edit-value" }, "Value (JSON)"), valueInput),
      h("div", { role: "status" }, faults),
      news,
      h(
        "p",
        { class: "wb-line" },
        h("button", { type: "submit", class: "wb-button primary" }, action === "edit" ? "Save" : "Create"),
        h("button", { type: "button", class: "wb-button", onclick: () => this.close() }, "Cancel"),
      ),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      save();
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
      if (event.key === "Escape") this.close();
    });
    show(this.#element, form);
    form.scrollIntoView({ block: "nearest" });
    (action === "edit" ? valueInput : group === "" ? groupInput : idInput).focus();
  }

  async #save(action, stream, { group, id, value, faults }) {
    const fault = (lines, input) => {
      input?.setAttribute("aria-invalid", "true");
      show(faults, lines.map((line) => h("li", {}, line)));
      input?.focus();
    };
    for (const input of [group, id, value]) input.removeAttribute("aria-invalid");
    const missing = [group, id].find((input) => input.value === "");
    if (missing) return fault([`${missing === group ? this.#words.group : this.#words.id} is missing.`], missing);
    let parsed;
    try {
      parsed = JSON.parse(value.value);
    } catch (error) {
      return fault([`No JSON: ${error.message}`], value);
    }
    try {
      await act(action, { stream: stream.name, group: group.value, id: id.value, value: parsed });
      complain(null);
      this.close();
      say("Saved");
      this.#onDone(group.value, id.value);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const lines = Object.entries(error.fields).map(([name, texts]) => `${name}: ${[texts].flat().join(", ")}`);
      fault(lines.length ? lines : [error.message], value);
    }
    return undefined;
  }
}

/** Delete an item, and show what is refused. */
export const remove = ({ stream, group }, id) => attempt(() => act("delete", { stream: stream.name, group, id }));

const pretty = (value) => JSON.stringify(value, null, 2);

/** An item without its id, which has a field of its own. */
function without(value) {
  if (typeof value !== "object" || value === null) return value;
  const { id: _, ...rest } = value;
  return rest;
}
