/**
 * A page on the published browser client: shows a group as a list, to whom the token names.
 * Served and driven by tests/browser.
 */
import { Stream } from "@motiadev/stream-client-browser";

const { url, group, stream = "todo", token } = Object.fromEntries(new URLSearchParams(location.search));
const list = document.querySelector("ul");
const options = token ? { protocols: ["Authorization", token] } : {};
const subscription = new Stream(url, options).subscribeGroup(stream, group);
subscription.addChangeListener((todos) => {
  list.replaceChildren(
    ...todos.map(({ description }) => Object.assign(document.createElement("li"), { textContent: description })),
  );
  list.dataset.changes = Number(list.dataset.changes ?? 0) + 1;
});
subscription.onEvent("error", ({ code }) => (list.dataset.refused = code));
