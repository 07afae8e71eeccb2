/** Edits one todo at a time, in its place in the list. */
export class TodoEditor {
  #editor;
  #save;
  /** @type {HTMLElement|null} the todo that is edited */
  #element = null;
  #before = {};

  /**
   * @param {HTMLElement} editor holds inputs named description and dueDate of a form that is elsewhere on the page
   * @param {(element: HTMLElement, id: string, changes: object) => Promise<boolean>} save
   */
  constructor(editor, save) {
    this.#editor = editor;
    this.#save = save;
    document.getElementById("editing").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    editor.querySelector("[data-cancel]").addEventListener("click", () => this.close());
    editor.addEventListener("keydown", ({ key }) => key === "Escape" && this.close());
  }

  /** @param {HTMLElement} element a todo of the list */
  open(element) {
    this.close();
    this.#element = element;
    this.#before = {
      description: element.querySelector(".what").textContent,
      dueDate: element.querySelector(".due").getAttribute("datetime") ?? "",
    };
    for (const [name, value] of Object.entries(this.#before)) this.#input(name).value = value;
    element.classList.add("editing");
    element.append(this.#editor);
    this.#input("description").select();
  }

  /** Give up the edit, if there is one, or only if it is the one of *element*. */
  close(element = this.#element) {
    if (this.#element === null || element !== this.#element) return;
    const focused = this.#editor.contains(document.activeElement);
    this.#element = null;
    this.#editor.remove();
    element.classList.remove("editing");
    if (focused) element.querySelector("[data-edit]").focus();
  }

  async #submit() {
    const element = this.#element;
    const changes = {};
    for (const [name, before] of Object.entries(this.#before)) {
      const { value } = this.#input(name);
      if (value !== before) changes[name] = name === "dueDate" ? value || null : value;
    }
    if (Object.keys(changes).length === 0 || (await this.#save(element, element.dataset.id, changes))) this.close(element);
  }

  #input(name) {
    return this.#editor.querySelector(`[name=${name}]`);
  }
}
