/** Logs: the lines of all runs as they are written; stopped, searched, and taken along. */
import { query, remember } from "./address.js";
import { follow, refreshing } from "./feed.js";
import { brief, time } from "./format.js";
import { json } from "./json.js";
import { keep } from "./keep.js";
import { attempt, h, load, nothing, pageUrl, say, show } from "./page.js";

const FILTERS = ["trace", "level", "text"];
const KEPT = 2000; // lines
const SHOWN = 1000;
const ASKED = 50; // runs in one question
const FAR = 5; // answers without a line that are skipped by themselves
const CLOSE = 60; // pixels from the end: whoever is there sees new lines

const at = (id) => document.getElementById(id);
const list = at("lines");
const box = at("tail");
const known = new Map();
const told = new Set(); // runs that have more to say
let further = { before: null };
let asked = 0;
let missed = true; // more than is told
let held = null; // what is shown while it is stopped

for (const name of FILTERS) {
  at(name).value = query.get(name) ?? "";
  at(name).addEventListener(name === "level" ? "change" : "input", filter);
}
at("filters").addEventListener("submit", (event) => event.preventDefault());
at("clear").addEventListener("click", () => {
  for (const name of FILTERS) at(name).value = "";
  filter();
});
at("pause").addEventListener("click", () => hold(held === null ? lines() : null));
at("export").addEventListener("click", takeAlong);
at("further").addEventListener("click", () => attempt(() => look(further.before)));

const filters = () => Object.fromEntries(FILTERS.map((name) => [name, at(name).value.trim()]));
const lines = () => [...known.values()].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));

let typing = 0;
function filter() {
  clearTimeout(typing);
  typing = setTimeout(() => {
    remember(filters());
    known.clear();
    hold(null);
    attempt(() => look(null));
  }, 250);
}

/** Read the lines before a run; null: the newest. While no line fits, go on a little. */
async function look(before) {
  const mine = ++asked;
  let answer = { before };
  for (let tries = 0; tries < FAR; tries += 1) {
    answer = await load("lines", { ...filters(), before: answer.before });
    if (mine !== asked) return; // other filters meanwhile
    add(answer.lines);
    if (answer.lines.length > 0 || answer.before === null) break;
  }
  further = answer;
  showLines(before === null);
}

/** Read what the told runs say, or the newest lines when it is not known which runs have more. */
async function refresh() {
  const mine = asked;
  const runs = [...told];
  const all = missed || runs.length > 4 * ASKED;
  told.clear();
  missed = false;
  const questions = all ? [{}] : chunks(runs, ASKED).map((some) => ({ runs: some.join(",") }));
  try {
    for (const question of questions) {
      const answer = await load("lines", { ...filters(), ...question });
      if (mine !== asked) return;
      add(answer.lines);
    }
  } catch (error) {
    missed = true; // to be read again
    throw error;
  }
  showLines();
}

const chunks = (all, size) => Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size));

function add(some) {
  for (const line of some) known.set(line.id, line);
  for (const { id } of lines().slice(0, Math.max(0, known.size - KEPT))) known.delete(id);
}

/** @param {boolean} [toEnd] go to the newest line in any case */
function showLines(toEnd = false) {
  const all = held ?? lines();
  const atEnd = toEnd || box.scrollHeight - box.scrollTop - box.clientHeight < CLOSE;
  keep(list, all.slice(-SHOWN), { key: ({ id }) => id, make: element });
  if (all.length === 0) list.append(empty());
  if (atEnd && held === null) box.scrollTop = box.scrollHeight;
  const fresh = held === null ? 0 : known.size - held.length;
  show(at("count"), `${all.length} lines${fresh > 0 ? `, ${fresh} new since you paused` : ""}`);
  at("export").disabled = all.length === 0;
  at("clear").hidden = !Object.values(filters()).some(Boolean);
  at("further").hidden = further.before === null || all.length >= SHOWN;
  show(at("until"), further.before === null || !further.until ? [] : ["Looked back to ", time(further.until), "."]);
}

function element({ at: moment, level, message, data, step, trace }) {
  const [text, ...more] = message.split("\n");
  const href = pageUrl("traces", { trace });
  const line = [
    time(moment),
    h("span", { class: "lg-level" }, level),
    h("span", { class: "lg-step" }, step),
    h("span", { class: "lg-text" }, text, " ", h("span", { class: "wb-faint" }, brief(data))),
  ];
  const only = h("button", { type: "button", class: "lg-trace", title: "Only lines of this trace", "aria-label": `Only lines of the trace ${trace.slice(0, 8)}`, onclick: () => onlyOf(trace) }, trace.slice(0, 8));
  const inside = h("div", { class: "lg-more" });
  const open = () =>
    inside.childElementCount === 0 &&
    show(inside, [
      more.length ? h("pre", { tabindex: "0" }, more.join("\n")) : null,
      data ? json(data, "What the line says besides") : null,
      h("p", {}, href ? h("a", { href }, "Its trace") : null),
    ].filter(Boolean));
  return h("li", { class: "lg", "data-level": level }, h("details", { ontoggle: open }, h("summary", {}, line), inside), only);
}

function onlyOf(trace) {
  at("trace").value = trace;
  filter();
}

function empty() {
  const words = Object.values(filters()).some(Boolean)
    ? `No line fits so far. ${further.before === null ? "Choose" : "Look further back, or choose"} other filters.`
    : "No run has logged anything yet. What steps write with ctx.logger, or any logger of Python, appears here.";
  return nothing(words, "li");
}

/** Stop where it is; null: go on. What is said meanwhile is shown afterwards. @param {object[] | null} shown */
function hold(shown) {
  held = shown;
  at("pause").textContent = held === null ? "Pause" : "Resume";
  at("pause").setAttribute("aria-pressed", String(held !== null));
  say(held === null ? "Going on" : "Paused");
  showLines(held === null);
}

/** What is shown, as a file with one JSON object per line. */
function takeAlong() {
  const all = held ?? lines();
  const text = all.map(({ at: moment, ...line }) => JSON.stringify({ at: new Date(moment).toISOString(), ...line })).join("\n");
  const href = URL.createObjectURL(new Blob([`${text}\n`], { type: "application/x-ndjson" }));
  h("a", { href, download: `logs-${new Date().toISOString().replaceAll(":", "-")}.jsonl` }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
  say(`${all.length} lines exported`);
}

attempt(() => look(null));
const go = refreshing([], () => attempt(refresh), 400);
follow("runs", (news) => {
  for (const { id } of news ?? []) told.add(id);
  missed ||= news === null;
  go();
});
