/** Queues: runs by step and state; those that failed are tried again, those that wait are hurried or cancelled. */
import { refreshing } from "./feed.js";
import { counted, stateName } from "./format.js";
import { act, attempt, h, load, may, nothing, show } from "./page.js";
import { RunRow } from "./runrow.js";

const STATES = ["ready", "running", "dead", "done", "skipped", "failed", "cancelled"];
const COUNTS = ["ready", "running", "dead"];
const MOST = 1000; // of one state, as the server counts
const EMPTY = {
  dead: "No dead letters: every run has come to an end, or is still tried.",
  ready: "Nothing waits.",
  running: "Nothing is running.",
};
const ACTIONS = [
  { name: "redrive", text: "Try again", fits: ["dead"], done: "will be tried again" },
  { name: "retry", text: "Try now", fits: ["ready"], done: "need not wait any longer" },
  { name: "cancel", text: "Cancel", fits: ["ready", "running"], done: "cancelled", danger: true },
];

const at = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const filter = { state: query.get("state") ?? "", step: query.get("step") ?? "" };
const rows = new Map();
let after = null;
let pages = 1;
let turn = 0;
let known = "";

// -- the steps -------------------------------------------------------------------------------------------------------

async function showSteps() {
  const { steps, more } = await load("steps");
  const names = steps.map(({ step }) => step);
  if (filter.step && !names.includes(filter.step)) names.push(filter.step);
  choices(at("step"), [["", "all steps"], ...names.map((name) => [name, name])], filter.step);
  if (JSON.stringify([steps, filter]) === known) return;
  known = JSON.stringify([steps, filter]);
  at("steps-note").hidden = more.length === 0;
  at("steps-note").textContent = `Counted among the first ${counted(MOST + 1, MOST)} runs that are ${more.map(stateName).join(" or ")}.`;
  const focused = document.activeElement?.dataset.of;
  const busy = steps.filter((row) => COUNTS.some((state) => row[state] > 0));
  show(at("steps"), busy.map(stepRow), h("tr", {}, h("td", { colspan: 4 }, "Nothing waits, nothing is running, and there are no dead letters.")));
  if (focused) [...at("steps").querySelectorAll("[data-of]")].find((one) => one.dataset.of === focused)?.focus();
}

function stepRow(row) {
  const cell = (state) => {
    const count = row[state];
    if (count === 0) return h("td", { class: "number" }, h("span", { class: "qu-none" }, "0"));
    const pressed = String(filter.step === row.step && filter.state === state);
    const label = `${row.step}: ${count} ${stateName(state)}`;
    const properties = { type: "button", class: "qu-count", "data-of": label, "aria-label": label, "aria-pressed": pressed };
    return h("td", { class: "number", "data-state": state }, h("button", { ...properties, onclick: () => choose(state, row.step) }, counted(count, MOST)));
  };
  const name = h("button", { type: "button", class: "qu-step", "data-of": row.step, onclick: () => choose("", row.step) }, row.step);
  const gone = row.gone ? h("span", { class: "wb-badge" }, "no such step any more") : null;
  return h("tr", { "data-step": row.step }, h("th", { scope: "row" }, name, " ", gone), COUNTS.map(cell));
}

function choices(select, options, value) {
  if (JSON.stringify(options) !== select.dataset.options) {
    select.dataset.options = JSON.stringify(options);
    show(select, options.map(([name, text]) => h("option", { value: name }, text)));
  }
  select.value = value;
}

// -- the runs --------------------------------------------------------------------------------------------------------

function choose(state, step) {
  Object.assign(filter, { state, step });
  for (const [name, value] of Object.entries(filter)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  history.replaceState(null, "", `?${query}`);
  at("state").value = state;
  at("done").textContent = "";
  for (const row of rows.values()) row.chosen = false;
  pages = 1;
  attempt(showSteps);
  attempt(showRuns);
}

/** Read the pages that are open again. */
async function showRuns() {
  const mine = ++turn;
  let found = await load("listed", { ...filter });
  const runs = found.runs;
  for (let page = 1; page < pages && found.after !== null; page += 1) {
    found = await load("listed", { ...filter, after: found.after });
    runs.push(...found.runs);
  }
  if (mine !== turn) return;
  after = found.after;
  const ids = new Set(runs.map(({ id }) => id));
  for (const id of rows.keys()) if (!ids.has(id)) rows.delete(id);
  for (const run of runs) {
    if (!rows.has(run.id)) rows.set(run.id, new RunRow(may("redrive") ? showBulk : null));
    rows.get(run.id).update(run);
  }
  const elements = runs.map(({ id }) => rows.get(id).element);
  const list = at("runs");
  if (elements.some((element, index) => list.children[index] !== element) || list.children.length !== elements.length) {
    const focused = document.activeElement;
    show(list, elements, nothing(EMPTY[filter.state] ?? "No run fits.", "li"));
    if (list.contains(focused)) focused.focus();
  }
  at("more").hidden = after === null;
  showBulk();
}

// -- what may be done ------------------------------------------------------------------------------------------------

const chosen = () => [...rows.values()].filter((row) => row.chosen).map((row) => row.run);

function showBulk() {
  at("bulk").hidden = rows.size === 0 || !may("redrive");
  at("all").checked = rows.size > 0 && chosen().length === rows.size;
  at("all").indeterminate = chosen().length > 0 && !at("all").checked;
  for (const { name, fits } of ACTIONS) {
    const count = chosen().filter(({ state }) => fits.includes(state)).length;
    at(`do-${name}`).disabled = count === 0;
    at(`count-${name}`).textContent = count === 0 ? "" : ` ${count}`;
  }
  at("do-redrive-all").hidden = filter.state !== "dead" || rows.size === 0;
}

const button = (name, text, danger, go) =>
  h("button", { type: "button", id: `do-${name}`, class: `wb-button${danger ? " danger" : ""}`, onclick: () => attempt(go) }, text, h("span", { id: `count-${name}` }));

async function apply({ name, fits, done }) {
  const ids = chosen().filter(({ state }) => fits.includes(state)).map(({ id }) => id);
  const result = await act(name, { ids });
  for (const row of rows.values()) row.chosen = false;
  at("done").textContent = `${result.done} ${done}${result.done < result.asked ? `; ${result.asked - result.done} had gone on already` : ""}.`;
  await Promise.all([showSteps(), showRuns()]);
}

async function redriveAll() {
  const { done, more } = await act("redrive_all", { step: filter.step });
  at("done").textContent = `${done} will be tried again${more ? "; there are more: press it once more" : ""}.`;
  await Promise.all([showSteps(), showRuns()]);
}

show(at("bulk-buttons"), [
  ...ACTIONS.map((action) => button(action.name, action.text, action.danger, () => apply(action))),
  button("redrive-all", "Try all dead letters again", false, redriveAll),
]);
at("all").addEventListener("change", () => {
  for (const row of rows.values()) row.chosen = at("all").checked;
  showBulk();
});
choices(at("state"), [["", "all states"], ...STATES.map((state) => [state, stateName(state)])], filter.state);
for (const id of ["state", "step"]) at(id).addEventListener("change", () => choose(at("state").value, at("step").value));
at("more").addEventListener("click", () => {
  pages += 1;
  attempt(showRuns);
});
refreshing(["runs"], () => Promise.all([attempt(showSteps), attempt(showRuns)]), 800);
