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

// who watches is counted by the hooks of the stream "todo", in project/flows/todo/streams.py
client.item("inbox", "watching", "inbox").on("*", (item) => {
  document.getElementById("watching").textContent = item?.watching ?? 0;
});

add.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { description, dueDate } = add.elements;
  const entered = { description: description.value, dueDate: dueDate.value };
  add.reset(); // ready for the next one; a second press finds nothing to add
  description.focus();
  const error = await attempt(add, "POST", "/todo", entered.dueDate ? entered : { description: entered.description });
  if (error === null || description.value !== "") return;
  description.value = entered.description;
  dueDate.value = entered.dueDate;
  if (error.fields.description) description.setAttribute("aria-invalid", "true");
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
  if (item.getAttribute("aria-busy") === "true") return; // pressed twice
  if (name === "delete") attempt(item, "DELETE", address(value));
  else attempt(item, "PUT", address(value), { checked: name === "check" });
});

async function save(item, id, changes) {
  return (await attempt(item, "PUT", address(id), changes)) === null;
}

function address(id) {
  return `/todo/${encodeURIComponent(id)}`;
}

let earlier = Promise.resolve();

/**
 * Send a request, after those that were begun before it, with *element* busy until it is answered.
 *
 * @returns {Promise<import("../project/api.js").ApiError|null>} what went wrong; the page says it
 */
function attempt(element, ...request) {
  element.setAttribute("aria-busy", "true");
  earlier = earlier.then(() => perform(element, request));
  return earlier;
}

async function perform(element, request) {
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
