/** Endpoints: choose one, fill in what it takes, send it; its answer, its streams and its trace live beside each other. */
import { query, remember } from "./address.js";
import { LANGUAGES } from "./code.js";
import { showEntries } from "./entries.js";
import { refreshing } from "./feed.js";
import { duration, size } from "./format.js";
import { json } from "./json.js";
import { Live, current } from "./live.js";
import { attempt, config, copy, h, load, nothing, pageUrl, say, show } from "./page.js";
import { RequestForm } from "./request.js";
import { span } from "./runtree.js";
import { Timeline } from "./timeline.js";

const at = (id) => document.getElementById(id);
const form = new RequestForm(showCode);
const live = new Live(at("streams"), showItems);
let endpoints = [];
let chosen = null;
let sending = null; // AbortController
let answered = null; // the JSON of the last answer, with the element that shows it
let trace = null;
let language = "curl";
const KINDS = new Set(["operations", "logs"]);
const DRAW_MS = 200;
const timeline = new Timeline(at("timeline"), at("scale"), chooseRun);
let runs = [];
let run = null; // the chosen one of them
let offset = 0; // of the server's clock

// -- the list --------------------------------------------------------------------------------------------------------

async function showAll() {
  const found = await load("endpoints");
  endpoints = found.endpoints;
  if (!found.served || endpoints.length === 0) {
    const text = found.served ? "No step has an http trigger yet." : "steps.urls is not included, so no step can be called.";
    show(at("list"), nothing(text, "li"));
    return;
  }
  at("editor").hidden = false;
  showList();
  choose(endpoints.find(({ id }) => id === query.get("endpoint")) ?? endpoints[0]);
}

function showList() {
  const wanted = at("find").value.toLowerCase();
  const fitting = endpoints.filter(({ id, step }) => `${id} ${step}`.toLowerCase().includes(wanted));
  const flows = grouped(fitting);
  const items = [...flows].flatMap(([flow, list]) => [
    h("li", { class: "ep-flow" }, h("h2", {}, flow)),
    ...list.map((endpoint) => h("li", {}, listButton(endpoint))),
  ]);
  show(at("list"), items, nothing("No endpoint fits.", "li"));
}

const flowOf = ({ flows }) => flows[0] ?? "no flow";
const grouped = (list) => list.reduce((map, one) => map.set(flowOf(one), [...(map.get(flowOf(one)) ?? []), one]), new Map());

function listButton(endpoint) {
  const here = { "aria-current": String(endpoint.id === chosen?.id), "data-endpoint": endpoint.id };
  return h(
    "button",
    { type: "button", class: "wb-row", ...here, onclick: () => chooseAndGo(endpoint) },
    h("span", { class: "wb-line" }, method(endpoint), h("code", {}, endpoint.path)),
    h("span", { class: "wb-faint" }, endpoint.step),
  );
}

const method = ({ method: name }) => h("span", { class: "ep-method", "data-method": name }, name);

/** Choose what was clicked; in a narrow window its form is further down. */
function chooseAndGo(endpoint) {
  choose(endpoint);
  at("editor").scrollIntoView({ block: "nearest" });
}

function choose(endpoint) {
  stop();
  chosen = endpoint;
  remember({ endpoint: endpoint.id });
  for (const button of at("list").querySelectorAll("[data-endpoint]")) {
    button.setAttribute("aria-current", String(button.dataset.endpoint === endpoint.id));
  }
  const flows = pageUrl("flows", { flow: endpoint.flows[0], step: endpoint.step });
  show(at("title"), [method(endpoint), " ", h("code", {}, endpoint.path)]);
  show(at("about"), [flows ? h("a", { href: flows }, endpoint.step) : endpoint.step, endpoint.description ? `: ${endpoint.description}` : ""]);
  show(at("notes"), notes(endpoint));
  show(at("schemas"), schemas(endpoint));
  form.show(endpoint);
  at("answer").hidden = true;
}

function notes({ conditional, streams }) {
  return [
    conditional ? h("span", { class: "wb-badge" }, "on a condition") : null,
    streams ? h("span", { class: "wb-badge" }, "streams its answer") : null,
  ].filter(Boolean);
}

function schemas({ body, query: wanted, answers }) {
  const all = [["Body", body], ["Query", wanted], ...Object.entries(answers).map(([status, schema]) => [`Answer ${status}`, schema])];
  return all
    .filter(([, schema]) => schema !== null)
    .map(([name, schema]) => h("details", {}, h("summary", {}, `${name}: schema`), json(schema)));
}

// -- the request -----------------------------------------------------------------------------------------------------

function showCode() {
  at("code").textContent = LANGUAGES[language](form.wanted());
  at("copy").textContent = `Copy as ${language}`;
}

for (const name of Object.keys(LANGUAGES)) {
  const pressed = () => {
    language = name;
    for (const button of at("languages").children) button.setAttribute("aria-pressed", String(button.textContent === name));
    showCode();
  };
  at("languages").append(h("button", { type: "button", class: "wb-button", "aria-pressed": String(name === language), onclick: pressed }, name));
}
at("copy").addEventListener("click", ({ currentTarget }) => copy(at("code").textContent, currentTarget));
at("find").addEventListener("input", showList);
at("stop").addEventListener("click", () => sending?.abort());
at("editor").addEventListener("submit", (event) => {
  event.preventDefault();
  if (form.complete()) send();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && at("editor").contains(event.target)) at("editor").requestSubmit();
});

async function send() {
  stop();
  const mine = (sending = new AbortController());
  const began = performance.now();
  const took = () => duration(performance.now() - began);
  at("answer").hidden = false;
  at("answer").setAttribute("aria-busy", "true");
  at("answer").scrollIntoView({ block: "nearest" });
  show(at("status"), "Sending …");
  show(at("answer-body"), []);
  show(at("answer-headers"), []);
  at("stop").hidden = false;
  try {
    const response = await form.send(mine.signal);
    showHead(response, took());
    const text = await received(response, (bytes) => showHead(response, took(), bytes));
    showHead(response, took(), new Blob([text]).size);
    showBody(response, text);
  } catch (error) {
    const why = error.name === "AbortError" ? "Stopped." : "The server cannot be reached.";
    at("status").append(h("span", { class: "wb-badge", "data-state": "failed" }, why));
  } finally {
    if (sending === mine) at("stop").hidden = true;
    at("answer").removeAttribute("aria-busy");
  }
}

function stop() {
  sending?.abort();
  live.stop();
  answered = trace = run = null;
  runs = [];
  at("trace-part").hidden = at("streams-part").hidden = true;
}

// -- the answer ------------------------------------------------------------------------------------------------------

function showHead(response, took, bytes) {
  const state = response.status < 400 ? "done" : "failed";
  const words = [`${response.status} ${response.statusText}`.trim(), took, bytes === undefined ? null : size(bytes)];
  show(at("status"), [
    h("span", { class: "wb-badge", "data-state": state, id: "status-code" }, words[0]),
    h("span", { class: "wb-faint" }, words.slice(1).filter(Boolean).join(" · ")),
  ]);
  const pairs = [...response.headers].flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]);
  show(at("answer-headers"), pairs);
  const found = response.headers.get("traceparent")?.split("-")[1] ?? null;
  if (found !== null && found !== trace) {
    trace = found;
    refreshTrace();
  }
}

/** Read the body, showing what is there of it as it comes. */
async function received(response, onBytes) {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const shown = h("pre", { tabindex: "0", "aria-label": "Body" });
  const streams = !(response.headers.get("content-type") ?? "").includes("json");
  if (streams) show(at("answer-body"), shown);
  let [text, bytes] = ["", 0];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.length;
    const piece = decoder.decode(value, { stream: true });
    text += piece;
    if (streams) shown.append(piece);
    onBytes(bytes);
  }
}

function showBody(response, text) {
  if (text === "") {
    show(at("answer-body"), h("p", { class: "wb-faint" }, "The answer has no body."));
    return;
  }
  if (!(response.headers.get("content-type") ?? "").includes("json")) return;
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    show(at("answer-body"), h("pre", { tabindex: "0", "aria-label": "Body" }, text));
    return;
  }
  const viewer = json(value);
  show(at("answer-body"), viewer);
  answered = { value, viewer };
  if (value?.fields) say(Object.values(value.fields).flat().join(", "));
  at("streams-part").hidden = !live.follow(value);
}

/** Items of the answer's streams are something else now: so is the answer. */
function showItems(items) {
  if (answered === null) return;
  answered.value = current(answered.value, items);
  answered.viewer.data = answered.value;
}

// -- its trace -------------------------------------------------------------------------------------------------------

async function refreshTrace() {
  if (trace === null) return;
  const wanted = trace;
  const found = await load("trace", { id: wanted });
  if (wanted !== trace || found.runs === null) return;
  [runs, offset] = [found.runs, found.now - Date.now()];
  at("trace-part").hidden = runs.length === 0;
  const href = pageUrl("traces", { trace });
  show(at("trace-title"), href ? h("a", { href }, "Trace") : "Trace");
  showRuns();
}

function showRuns() {
  const now = Date.now() + offset;
  if (runs.length === 0) return;
  timeline.show(runs, now, run);
  showEntries(at("entries"), runs, { from: span(runs, now).from, kinds: KINDS, run });
}

/** Show what one run has written down; once more: what all have. */
function chooseRun(id) {
  run = run === id ? null : id;
  showRuns();
}

setInterval(() => {
  const now = Date.now() + offset;
  if (runs.length > 0 && span(runs, now).open) timeline.draw(now);
}, DRAW_MS);

attempt(showAll);
refreshing(["runs"], () => attempt(refreshTrace), 500);
if (!("runs" in config.feed.topics)) setInterval(() => attempt(refreshTrace), 2000);
