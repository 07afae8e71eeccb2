/** Schedules: cron steps with their next slots, run now or switched off; and what the beat sends. */
import { refreshing } from "./feed.js";
import { badge, duration, number, time } from "./format.js";
import { act, attempt, h, load, may, nothing, pageUrl, show } from "./page.js";

const BEAT_MS = 10_000;
const NEVER = "No step has a cron trigger yet: triggers=[cron(\"0 9 * * mon-fri\")].";

const at = (id) => document.getElementById(id);
let known = "";
let ahead = 0; // what this browser's clock is ahead of the server's, in milliseconds

// -- cron steps ------------------------------------------------------------------------------------------------------

async function showSchedules() {
  const { schedules, now } = await load("schedules");
  ahead = Date.now() - new Date(now).getTime();
  if (JSON.stringify(schedules) === known) return;
  known = JSON.stringify(schedules);
  const focused = document.activeElement?.id;
  show(at("schedules"), schedules.map(scheduleRow), nothing(NEVER, "li"));
  if (focused) at(focused)?.focus();
}

function scheduleRow(schedule) {
  const { step, index, description, expression, zone, missed, overlap, on, flow } = schedule;
  const href = pageUrl("flows", { flow, step });
  const rules = [zone, { skip: "missed ones are left out", one: "the last missed one is made up for", all: "missed ones are made up for" }[missed], overlap === "forbid" ? "never two at a time" : "may overlap"];
  const name = `${step}-${index}`;
  return h(
    "li",
    { "data-step": step, "data-index": index, class: on ? "" : "sc-off" },
    h(
      "div",
      {},
      h("p", { class: "wb-line" }, href ? h("a", { href }, step) : h("strong", {}, step), h("code", {}, expression), on ? null : h("span", { class: "wb-badge", "data-state": "cancelled" }, "switched off")),
      h("p", { class: "wb-faint" }, [description.split("\n")[0], rules.join(", ")].filter(Boolean).join(" · ")),
      h("ol", { class: "sc-next", "aria-label": `Next firings of ${step}` }, schedule.next.map(slot)),
      lastLine(schedule),
    ),
    h(
      "span",
      { class: "wb-line sc-do" },
      may("run_now") ? h("button", { type: "button", id: `run-${name}`, class: "wb-button", "aria-label": `Run now: ${step}`, onclick: () => attempt(() => runNow(schedule)) }, "Run now") : null,
      may("turn") ? h("button", { type: "button", id: `turn-${name}`, class: "wb-button", "aria-label": `Switch ${on ? "off" : "on"}: ${step}`, onclick: () => attempt(() => turn(schedule)) }, on ? "Switch off" : "Switch on") : null,
    ),
  );
}

const slot = (moment) => h("li", { "data-slot": moment }, time(moment), h("span", { class: "wb-faint sc-in" }, within(moment)));

const within = (moment) => ` in ${duration(Math.max(0, Math.round((new Date(moment).getTime() - Date.now() + ahead) / 1000) * 1000))}`;

function lastLine({ step, last }) {
  if (last === null) return h("p", { class: "wb-faint" }, "It has not run yet.");
  const trace = pageUrl("traces", { trace: last.trace });
  const runs = pageUrl("queues", { step });
  return h(
    "p",
    { class: "wb-line" },
    h("span", { class: "wb-faint" }, "Last:"),
    badge(last.state),
    time(last.at),
    last.reason ? h("code", {}, last.reason) : null,
    trace ? h("a", { href: trace }, "its trace") : null,
    runs ? h("a", { href: runs }, "all runs") : null,
  );
}

async function runNow({ step, index }) {
  const { trace } = await act("run_now", { step, index });
  const href = pageUrl("traces", { trace });
  show(at("told"), [`${step} was started. `, ...(href ? [h("a", { href }, "Its trace")] : [])]);
  await showSchedules();
}

async function turn({ step, index, on }) {
  await act("turn", { step, index, on: !on });
  at("told").textContent = on ? `${step} is switched off: slots that are planned already are skipped, too.` : `${step} is switched on.`;
  await Promise.all([showSchedules(), showBeats()]);
}

// -- the beat --------------------------------------------------------------------------------------------------------

async function showBeats() {
  let found;
  try {
    found = await load("beats");
  } catch (error) {
    if (error.status !== 403) throw error;
    at("beats-note").hidden = false;
    at("beats-note").textContent = error.message;
    at("beats-table").hidden = true;
    return;
  }
  show(at("beats"), found.beats.map(beatRow), h("tr", {}, h("td", { colspan: 6 }, "No row yet: they come when a worker starts.")));
  at("beats-note").hidden = !found.more;
  at("beats-note").textContent = "There are more rows in the admin's own list.";
}

function beatRow({ name, task, schedule, enabled, last, count, url }) {
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, h("a", { href: url }, name)),
    h("td", {}, h("code", {}, task)),
    h("td", {}, schedule),
    h("td", {}, h("span", { class: "wb-badge", "data-state": enabled ? "done" : "cancelled" }, enabled ? "on" : "off")),
    h("td", {}, last === null ? h("span", { class: "wb-faint" }, "never") : time(last)),
    h("td", { class: "number" }, number(count)),
  );
}

refreshing(["runs"], () => attempt(showSchedules), 1000);
const look = () => document.hidden || attempt(showBeats);
look();
setInterval(look, BEAT_MS);
setInterval(() => {
  for (const one of document.querySelectorAll("[data-slot]")) one.querySelector(".sc-in").textContent = within(one.dataset.slot);
  if (document.querySelector("[data-slot]") && !document.hidden && isPast(document.querySelector("[data-slot]").dataset.slot)) attempt(showSchedules);
}, 1000);

const isPast = (moment) => new Date(moment).getTime() < Date.now() - ahead;
