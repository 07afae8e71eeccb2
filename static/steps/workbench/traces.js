/** Traces: the newest first, live; the newest running one is shown by itself until another one is chosen. */
import { query, remember } from "./address.js";
import { follow, refreshing } from "./feed.js";
import { badge, duration, time } from "./format.js";
import { keep } from "./keep.js";
import { attempt, h, load, nothing, pageUrl, show } from "./page.js";
import { TraceView } from "./traceview.js";

const FILTERS = ["flow", "step", "state", "slower", "text"];
const KEPT = 400; // traces in the list
const FAR = 5; // answers without a match that are skipped by themselves

const at = (id) => document.getElementById(id);
const list = at("traces");
const known = new Map();
const view = new TraceView(pin);
let following = !query.has("trace");
let further = { before: null }; // where to go on
let asked = 0;

for (const name of FILTERS) {
  const wanted = query.get(name) ?? "";
  if (name !== "text" && ![...at(name).options].some(({ value }) => value === wanted)) at(name).append(h("option", { value: wanted }, name === "slower" ? `${wanted} ms or more` : wanted));
  at(name).value = wanted;
  at(name).addEventListener(name === "text" ? "input" : "change", filter);
}
at("filters").addEventListener("submit", (event) => event.preventDefault());
at("clear").addEventListener("click", () => {
  for (const name of FILTERS) at(name).value = "";
  filter();
});
at("follow").addEventListener("click", () => (following ? pin() : followNewest()));
at("further").addEventListener("click", () => attempt(() => look(further.before)));
list.addEventListener("keydown", walk);

const filters = () => Object.fromEntries(FILTERS.map((name) => [name, at(name).value.trim()]));
const isFiltered = () => Object.values(filters()).some(Boolean);

let typing = 0;
function filter() {
  clearTimeout(typing);
  typing = setTimeout(() => {
    remember(filters());
    known.clear();
    attempt(() => look(null));
  }, 250);
}

/**
 * Read the traces before a run. The server looks through so many runs at a time: while nothing of them fits, go on.
 * @param {string | null} before null: from the newest on
 */
async function look(before) {
  const mine = ++asked;
  let answer = { before };
  for (let tries = 0; tries < FAR; tries += 1) {
    answer = await load("traces", { ...filters(), before: answer.before });
    if (mine !== asked) return; // other filters meanwhile
    add(answer.traces);
    if (answer.traces.length > 0 || answer.before === null) break;
  }
  further = answer;
  showList();
}

/** Read the newest traces again. */
async function refresh() {
  const mine = asked;
  const { traces, before } = await load("traces", filters());
  if (mine !== asked) return;
  const there = new Set(traces.map(({ id }) => id));
  for (const { id, first } of known.values()) {
    if (!there.has(id) && (before === null || first > before)) known.delete(id); // does not fit any more, or is gone
  }
  add(traces);
  showList();
}

function add(traces) {
  for (const trace of traces) known.set(trace.id, trace);
}

function showList() {
  const traces = [...known.values()].sort((a, b) => (a.first < b.first ? 1 : -1));
  for (const trace of traces.splice(KEPT)) known.delete(trace.id);
  if (following) view.open(newest(traces));
  keep(list, traces, { key: ({ id }) => id, make: row, update: updateRow });
  if (traces.length === 0) list.append(empty());
  at("clear").hidden = !isFiltered();
  at("further").hidden = further.before === null;
  show(at("until"), further.before === null || !further.until ? [] : ["Looked back to ", time(further.until), "."]);
}

/** The newest trace that goes on, else the newest that has begun: cron runs are planned ahead. */
const newest = (traces) => (traces.find(({ state }) => state === "running") ?? traces.find(({ begun }) => begun) ?? traces[0])?.id ?? null;

function empty() {
  if (isFiltered()) return nothing(`No run fits so far. ${further.before === null ? "Choose" : "Look further back, or choose"} other filters.`, "li");
  const hint = nothing("No step has run yet. Call an endpoint, and its trace appears here. ", "li");
  const endpoints = pageUrl("endpoints");
  if (endpoints) hint.append(h("a", { href: endpoints }, "Endpoints"));
  return hint;
}

const row = ({ id }) => h("li", {}, h("button", { type: "button", class: "wb-row", onclick: () => pin(id) }));

function updateRow(item, trace) {
  const { id, step, source, state, runs, more, failed, begun, at: began, until } = trace;
  const button = item.firstElementChild;
  button.setAttribute("aria-current", String(id === view.id));
  const text = JSON.stringify(trace);
  if (item.dataset.shown === text) return;
  item.dataset.shown = text;
  const counts = [`${runs}${more ? "+" : ""} ${runs === 1 ? "run" : "runs"}`, failed ? `${failed} failed` : null, until ? duration(until - began) : null];
  show(button, [
    h("span", { class: "wb-line" }, h("strong", { class: "tr-step" }, step), badge(state)),
    h("span", { class: "wb-faint tr-source" }, source),
    h("span", { class: "wb-line wb-faint" }, h("span", {}, begun ? "" : "due ", time(began)), counts.filter(Boolean).join(" · ")),
  ]);
}

/** Stay with one trace. @param {string} [id] the one that is shown */
function pin(id = view.id) {
  setFollowing(false);
  remember({ trace: id });
  view.open(id);
  showList();
}

function followNewest() {
  setFollowing(true);
  remember({ trace: null });
  showList();
}

function setFollowing(value) {
  following = value;
  at("follow").setAttribute("aria-pressed", String(value));
}

/** Arrow keys go from trace to trace. */
function walk(event) {
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  const buttons = [...list.querySelectorAll("button")];
  const next = buttons[buttons.indexOf(document.activeElement) + (steps[event.key] ?? NaN)];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
  next.click();
}

setFollowing(following);
if (!following) view.open(query.get("trace"));
attempt(() => look(null));
refreshing(["runs"], () => attempt(refresh), 1000);
follow("runs", (news) => view.hear(news));
