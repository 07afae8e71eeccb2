/** What the documents' samples take for granted. */
declare global {
  var userToken: string;
}

export function renderTodoList(todos: { id: string; description?: string }[]): void {
  const items = todos.map(({ description }) => Object.assign(document.createElement("li"), { textContent: description }));
  document.querySelector("#app")!.replaceChildren(...items);
}
