/** Flows: a diagram that lights up, the same steps as a list, and what is known of the one that is chosen. */
import { query, remember } from "./address.js";
import { Diagram } from "./diagram.js";
import { follow, refreshing } from "./feed.js";
import { badge, duration, time } from "./format.js";
import { attempt, h, load, nothing, pageUrl, say, show } from "./page.js";
import { python } from "./python.js";
import { Running } from "./running.js";

const at = (id) => document.getElementById(id);
const diagram = new Diagram(at("diagram"), chooseAndGo);
const running = new Running();
const recentBox = h("div", {});
let chosen = null;
let steps = [];
let edges = [];

at("zoom-in").addEventListener("click", () => diagram.zoom(1.25));
at("zoom-out").addEventListener("click", () => diagram.zoom(0.8));
at("zoom-fit").addEventListener("click", () => diagram.fit());
at("flow").addEventListener("change", ({ target }) => {
  remember({ flow: target.value });
  attempt(showFlow);
});

async function showFlow() {
  const flow = query.get("flow") ?? "";
  const graph = await load("graph", { flow });
  show(
    at("flow"),
    ["", ...graph.flows].map((name) => h("option", { value: name }, name || "All steps")),
  );
  at("flow").value = flow;
  steps = graph.nodes.filter((node) => node.kind === "step");
  edges = graph.edges;
  diagram.show(graph);
  showSteps();
  showRunning();
  const wanted = query.get("step");
  if (wanted && steps.some((step) => step.label === wanted)) await choose(wanted);
  else show(at("details"), nothing("Choose a step to see its source, its triggers and its last runs."));
}

function showSteps() {
  const empty = nothing("There are no steps. Put a steps.py into an installed app, and they appear here.", "li");
  const buttons = steps.map(({ label, triggers }) =>
    h(
      "li",
      {},
      h(
        "button",
        {
          type: "button",
          class: "flows-step",
          "data-step": label,
          "data-kind": triggers?.[0] ?? "label",
          "aria-current": String(label === chosen),
          onclick: () => chooseAndGo(label),
        },
        h("span", { class: "flows-name" }, h("strong", {}, label), h("span", { class: "wb-faint" }, neighbours(`step:${label}`))),
        h("span", { class: "wb-badge", "data-state": "running", hidden: true }),
      ),
    ),
  );
  show(at("steps"), buttons, empty);
}

/** What the diagram shows around a node, in words: "POST /pets → pet.created". */
function neighbours(id) {
  const name = (other) => other.replace(/^\w+:/, "");
  const sources = edges.filter(({ target }) => target === id).map(({ source, conditional }) => name(source) + (conditional ? " (on a condition)" : ""));
  const targets = edges.filter(({ source }) => source === id).map(({ target }) => name(target));
  return [sources.join(", ") || "nothing", targets.join(", ")].filter(Boolean).join(" → ");
}

function showRunning() {
  const counts = running.counts();
  diagram.light(counts);
  at("diagram").dataset.lit = [...counts.keys()].sort().join(" ");
  for (const button of at("steps").querySelectorAll("[data-step]")) {
    const count = counts.get(button.dataset.step) ?? 0;
    const sign = button.querySelector(".wb-badge");
    sign.hidden = count === 0;
    sign.textContent = count > 1 ? `running ×${count}` : "running";
  }
}

/** Choose what was clicked; in a narrow window its details are further down. */
async function chooseAndGo(step) {
  await choose(step);
  at("details").scrollIntoView({ block: "nearest" });
}

async function choose(step) {
  chosen = step;
  remember({ step });
  diagram.choose(step);
  for (const button of at("steps").querySelectorAll("[data-step]")) {
    button.setAttribute("aria-current", String(button.dataset.step === step));
  }
  await attempt(showDetails);
  say(`${step} is shown`);
}

async function showDetails() {
  const step = await load("details", { step: chosen });
  if (step.name !== chosen) return;
  showRecent(step);
  const traces = pageUrl("traces", { step: step.name });
  show(at("details"), [
    h("h2", {}, step.name),
    step.description ? h("p", {}, step.description) : h("p", { class: "wb-faint" }, "It has no docstring."),
    h("p", { class: "wb-faint" }, [step.async ? "async" : "sync", step.atomic ? "atomic" : null, step.file].filter(Boolean).join(" · ")),
    h("h3", {}, "Started by"),
    ...(step.triggers.length ? step.triggers.map(triggerBox) : [h("p", { class: "wb-faint" }, "Nothing starts it.")]),
    h("h3", {}, "Enqueues"),
    h("p", {}, step.enqueues === null ? "any topic: none is declared" : listed(step.enqueues) || "nothing"),
    recentBox,
    traces ? h("p", {}, h("a", { href: traces }, "All its traces")) : null,
    h("h3", {}, "Source"),
    step.source ? h("pre", { tabindex: "0", "aria-label": "Source" }, python(step.source)) : h("p", { class: "wb-faint" }, "Python cannot tell."),
  ].filter((child) => child !== null));
}

function triggerBox({ type, source, condition, facts }) {
  const shown = { ...facts, ...(condition ? { condition } : {}) };
  const pairs = Object.entries(shown).flatMap(([name, value]) => [
    h("dt", {}, name.replaceAll("_", " ")),
    h("dd", {}, h("code", {}, String(value))),
  ]);
  const href = placeOf(type, source, facts);
  const name = href ? h("a", { href }, h("code", {}, source)) : h("code", {}, source);
  return h("div", { class: "flows-trigger", "data-kind": type }, `${type} `, name, h("dl", { class: "flows-facts" }, pairs));
}

/** Where the workbench shows what starts a step. */
function placeOf(type, source, { group, item }) {
  if (type === "http") return pageUrl("endpoints", { endpoint: source });
  if (type === "queue") return pageUrl("queues", { step: chosen });
  if (type === "stream") return pageUrl("streams", { stream: source, group, item });
  return pageUrl({ cron: "schedules", state: "state" }[type]);
}

/** The last runs alone: what else is there of a step does not change, and somebody may be reading it. */
function showRecent({ recent }) {
  const items = (recent ?? []).map((run) => {
    const href = pageUrl("traces", { trace: run.trace });
    const when = time(run.at);
    return h("li", { class: "wb-line" }, badge(run.state), href ? h("a", { href }, when) : when, h("span", { class: "wb-faint" }, duration(run.ms)));
  });
  const empty = h("p", { class: "wb-faint" }, "It has not run yet, or its runs are gone.");
  const list = items.length ? h("ul", { class: "flows-runs" }, items) : empty;
  show(recentBox, recent === null ? [] : [h("h3", {}, "Last runs"), list]);
}

const listed = (topics) => topics.join(", ");

attempt(showFlow);
refreshing(["runs"], () => attempt(refresh), 2000);
async function refresh() {
  running.replace((await load("running")).running);
  showRunning();
  if (chosen === null) return;
  const step = await load("details", { step: chosen });
  if (step.name === chosen) showRecent(step);
}
follow("runs", (news) => {
  for (const run of news ?? []) {
    const ended = running.take(run);
    if (ended !== null) diagram.flash(ended, run.state);
  }
  showRunning();
});
