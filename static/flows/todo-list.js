import { readable, today } from "./dates.js";
import { TodoEditor } from "./todo-editor.js";

/** The list on the page: brings its elements in line with a state. */
export class TodoList {
  #list;
  #editor;
  #template = document.getElementById("todo-item").content.firstElementChild;
  #empty = document.getElementById("empty");
  #summary = document.getElementById("summary");
  /** @type {Map<string, HTMLElement>} by id, what is on the page */
  #shown;

  /**
   * @param {HTMLElement} list
   * @param {(element: HTMLElement, id: string, changes: object) => Promise<boolean>} save
   */
  constructor(list, save) {
    this.#list = list;
    this.#editor = new TodoEditor(document.getElementById("todo-editor").content.firstElementChild, save);
    this.#shown = new Map([...list.children].map((element) => [element.dataset.id, element]));
    list.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-edit]");
      if (button) this.#editor.open(button.closest(".todo"));
    });
  }

  /** @param {{ id: string }[]} todos in the order to show them */
  show(todos) {
    const wanted = new Set(todos.map(({ id }) => id));
    for (const [id, element] of this.#shown) if (!wanted.has(id)) this.#remove(id, element);
    let place = this.#list.firstElementChild;
    for (const todo of todos) {
      const element = this.#shown.get(todo.id) ?? this.#create(todo.id);
      fill(element, todo);
      if (element === place) place = place.nextElementSibling;
      else this.#list.insertBefore(element, place);
    }
    const done = todos.filter(({ completedAt }) => completedAt).length;
    this.#empty.hidden = todos.length > 0;
    this.#summary.textContent = todos.length > 0 ? `${todos.length - done} open, ${done} done` : "";
  }

  #create(id) {
    const element = this.#template.cloneNode(true);
    element.classList.add("fresh");
    this.#shown.set(id, element);
    return element;
  }

  #remove(id, element) {
    const focused = element.contains(document.activeElement);
    const neighbour = element.nextElementSibling ?? element.previousElementSibling;
    this.#editor.close(element);
    element.remove();
    this.#shown.delete(id);
    // who works by keyboard should not be thrown back to the top of the page
    if (focused) (neighbour?.querySelector(".tick") ?? document.getElementById("description")).focus();
  }
}

/** Bring one element in line with its todo; the result is what the server renders. */
function fill(element, { id, description, dueDate, completedAt }) {
  const done = Boolean(completedAt);
  const part = (selector) => element.querySelector(selector);
  element.dataset.id = id;
  element.toggleAttribute("data-done", done);
  part(".what").textContent = description;

  part(".tick").name = done ? "uncheck" : "check";
  part(".tick").value = id;
  part(".tick").setAttribute("aria-checked", String(done));
  part(".tick").setAttribute("aria-label", description);
  part("[data-edit]").hidden = false;
  part("[data-edit]").setAttribute("aria-label", `Edit ${description}`);
  part("[name=delete]").value = id;
  part("[name=delete]").setAttribute("aria-label", `Delete ${description}`);

  part(".due").hidden = !dueDate;
  part(".due").dateTime = dueDate ?? "";
  part(".due").textContent = dueDate ? readable(dueDate) : "";
  part(".due").toggleAttribute("data-overdue", !done && Boolean(dueDate) && dueDate < today());
}
