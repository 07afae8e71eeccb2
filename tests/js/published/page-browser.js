/** A page on the published browser client: shows a group as a list. Served and driven by tests/browser. */
import { Stream } from "@motiadev/stream-client-browser";

const { url, group } = Object.fromEntries(new URLSearchParams(location.search));
const list = document.querySelector("ul");
new Stream(url).subscribeGroup("todo", group).addChangeListener((todos) => {
  list.replaceChildren(
    ...todos.map(({ description }) => Object.assign(document.createElement("li"), { textContent: description })),
  );
  list.dataset.changes = Number(list.dataset.changes ?? 0) + 1;
});
