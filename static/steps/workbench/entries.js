/** What the runs of a trace wrote down, in the order of the time: operations on streams, state and topics, and log lines. */
import { brief, duration, time } from "./format.js";
import { json } from "./json.js";
import { keep } from "./keep.js";
import { h, load, nothing, pageUrl, show } from "./page.js";

const MOST = 1000;

/**
 * @param {HTMLElement} list
 * @param {object[]} runs
 * @param {{from: number, kinds: Set<string>, run: string | null}} wanted from: when the trace began; kinds: `operations`, `logs`
 */
export function showEntries(list, runs, { from, kinds, run }) {
  const found = runs.filter(({ id }) => run === null || id === run).flatMap((one) => entriesOf(one, kinds));
  found.sort((a, b) => a.at - b.at);
  keep(list, found.slice(-MOST), { key: ({ key }) => key, make: (entry) => element(entry, from) });
  if (found.length === 0) list.append(nothing("Nothing was written down yet. Operations and log lines of the runs appear here.", "li"));
}

function entriesOf(run, kinds) {
  const { id, step } = run;
  const operations = run.operations.map((one, index) => ({ ...one, key: `${id}o${index}.${one.at}`, kind: "operation", run: id, step }));
  const logs = run.logs.map((one, index) => ({ ...one, key: `${id}l${index}.${one.at}`, kind: one.level, run: id, step }));
  return [...(kinds.has("operations") ? operations : []), ...(kinds.has("logs") ? logs : [])];
}

function element(entry, from) {
  const when = time(entry.at);
  when.textContent = `+${duration(Math.max(0, entry.at - from))}`;
  const [text, ...more] = entry.kind === "operation" ? [called(entry)] : entry.message.split("\n");
  const line = [
    when,
    h("span", { class: "en-step" }, entry.step),
    h("span", { class: "en-kind" }, entry.kind === "operation" ? "op" : entry.kind),
    h("code", { class: "en-text" }, text, " ", h("span", { class: "wb-faint" }, brief(entry.data))),
  ];
  const known = entry.kind === "operation" ? entry.facts : entry.data;
  const item = h("li", { class: "en", "data-kind": entry.kind, "data-run": entry.run });
  if (!known && more.length === 0) item.append(h("div", { class: "en-line" }, line));
  else {
    const inside = h("div", { class: "en-more" });
    const open = () => inside.childElementCount === 0 && show(inside, [more.length ? h("pre", { tabindex: "0" }, more.join("\n")) : null, ...details(entry, known)].filter(Boolean));
    item.append(h("details", { ontoggle: open }, h("summary", { class: "en-line" }, line), inside));
  }
  return item;
}

/** An operation as it stands in the code: `streams.todo.set("inbox", "42")`. */
export function called({ name, facts }) {
  const given = ["topic", "group", "id"].map((part) => facts[part]).filter((value) => typeof value === "string");
  const text = `${name}(${given.map((value) => JSON.stringify(value.length > 24 ? `${value.slice(0, 8)}…` : value)).join(", ")})`;
  return facts.steps?.length ? `${text} → ${facts.steps.join(", ")}` : text;
}

function details(entry, known) {
  if (entry.kind !== "operation") return known ? [json(known, "What the line says besides")] : [];
  const { stream, facts } = entry;
  const value = h("div", {});
  const parts = [json(facts, "What is known of the operation"), value, places(stream, facts)];
  if (stream && facts.sequence) written(value, stream, facts);
  return parts;
}

/** Ways to where it was written. */
function places(stream, { group, id }) {
  const isState = stream === "streams:state";
  const links = isState
    ? [["The value now", pageUrl("state", { scope: group, key: id })]]
    : [["The group now", pageUrl("streams", { stream, group })], ["The item's log", id ? pageUrl("streams", { stream, group, item: id, tab: "log" }) : null]];
  return h("p", { class: "wb-line" }, stream ? links.filter(([, href]) => href).map(([text, href]) => h("a", { href }, text)) : []);
}

/** Show the value that was written, from the log of the group. */
async function written(element, stream, { group, sequence }) {
  try {
    const { kind, value } = await load("change", { stream, group, sequence });
    show(element, [h("h3", {}, kind === "delete" ? "The value that was deleted" : "The value that was written"), json(value, "Value")]);
  } catch (error) {
    show(element, h("p", { class: "wb-faint" }, error.message));
  }
}
