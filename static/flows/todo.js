import { StreamClient } from "millrace";

import { send } from "../project/api.js";
import { showConnection } from "../project/connection.js";
import { TodoList } from "./todo-list.js";

// The server has rendered the first state; from here on the stream is the truth, and nothing is shown before it says so.
const initial = JSON.parse(document.getElementById("snapshot").textContent);
const client = new StreamClient();
const todos = client.group("todo", "inbox", { initial });
const list = new TodoList(document.getElementById("todos"), save);
const problem = document.getElementById("problem");
const add = document.getElementById("add");

todos.on("*", (items) => list.show(items));
list.show(todos.getState());
showConnection(document.getElementById("connection"), client, todos);

add.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (isBusy(add)) return;
  const { description, dueDate } = Object.fromEntries(new FormData(add));
  const error = await attempt(add, "POST", "/todo", dueDate ? { description, dueDate } : { description });
  if (error === null) add.reset();
  else if (error.fields.description) add.elements.description.setAttribute("aria-invalid", "true");
  add.elements.description.focus();
});

add.addEventListener("input", () => {
  add.elements.description.removeAttribute("aria-invalid");
  problem.textContent = "";
});

// the buttons of the list carry what they do as name and the todo as value, as they do for a page without scripts
document.getElementById("list").addEventListener("submit", (event) => {
  event.preventDefault();
  const { name, value } = event.submitter;
  const item = event.submitter.closest(".todo");
  if (isBusy(item)) return;
  if (name === "delete") attempt(item, "DELETE", address(value));
  else attempt(item, "PUT", address(value), { checked: name === "check" });
});

async function save(item, id, changes) {
  return (await attempt(item, "PUT", address(id), changes)) === null;
}

function address(id) {
  return `/todo/${encodeURIComponent(id)}`;
}

/** Is a request on its way already? A second press of a button should not become a second todo. */
function isBusy(element) {
  return element.getAttribute("aria-busy") === "true";
}

/** Send one request, with *element* busy meanwhile; say what went wrong, and return it, or null. */
async function attempt(element, ...request) {
  element.setAttribute("aria-busy", "true");
  try {
    await send(...request);
    problem.textContent = "";
    return null;
  } catch (error) {
    problem.textContent = error.status === 404 ? "That todo is gone: it was deleted somewhere else." : error.message;
    return error;
  } finally {
    element.removeAttribute("aria-busy");
  }
}
