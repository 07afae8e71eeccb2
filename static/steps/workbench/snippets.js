/** How to follow and write a group in code. */
import { copy, h } from "./page.js";
import { literal } from "./code.js";

const quoted = (text) => JSON.stringify(text);

/** @param {{stream: object, group: string | null}} place @returns {HTMLElement[]} */
export function snippets({ stream, group: chosen }) {
  const group = chosen ?? "my-group";
  const name = quoted(stream.name);
  const { id = "my-id", ...value } = stream.example ?? {};
  const all = {
    JavaScript: `import { StreamClient } from "millrace";

const group = new StreamClient().group(${name}, ${quoted(group)});
group.on("*", (items) => console.log(items));
group.on("event", ({ type, data }) => console.log(type, data));`,
    React: `import { useStreamGroup } from "millrace/react";

const { data } = useStreamGroup({ streamName: ${name}, groupId: ${quoted(group)} });`,
    "Python, in a step": `await ctx.streams${attribute(stream.name)}.set(${quoted(group)}, ${quoted(String(id))}, ${literal(value)})
items = await ctx.streams${attribute(stream.name)}.list(${quoted(group)})`,
    curl: `curl -N -H 'Accept: text/event-stream' ${quoted(`${location.origin}/streams/${encodeURIComponent(stream.name)}/${encodeURIComponent(group)}/`)}`,
  };
  return Object.entries(all).map(([title, code]) => {
    const button = h("button", { type: "button", class: "wb-button", "aria-label": `Copy ${title}`, onclick: () => copy(code, button) }, "Copy");
    return h("section", {}, h("div", { class: "wb-line st-above" }, h("h3", {}, title), button), h("pre", { tabindex: 0, "aria-label": title }, code));
  });
}

const attribute = (name) => (/^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${quoted(name)}]`);
