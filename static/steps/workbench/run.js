/** What is known of one run of a trace: why it went on, how it ended, input and errors with their stacks. */
import { badge, duration, size, time } from "./format.js";
import { json } from "./json.js";
import { attempt, h, load, pageUrl, show } from "./page.js";

/**
 * @param {HTMLElement} element
 * @param {object} run as the trace has it
 * @param {() => void} onClose
 */
export async function showRun(element, run, onClose) {
  const more = await attempt(() => load("run", { id: run.id }));
  if (more === undefined) return;
  const close = h("button", { type: "button", class: "wb-button", onclick: onClose }, "Close");
  show(element, [
    h("div", { class: "wb-line run-head" }, h("h3", {}, run.step), badge(more.state), close),
    facts(run, more),
    ...more.errors.map((one, index) => errorBox(one, index === more.errors.length - 1)),
    h("h3", {}, "Input"),
    input(more),
    links(run, more),
  ]);
  for (const stack of element.querySelectorAll(".run-error pre")) stack.scrollTop = stack.scrollHeight; // where it broke
}

function facts(run, more) {
  const last = run.attempts.at(-1);
  const pairs = {
    "Started by": h("code", {}, `${run.trigger} ${run.source}`),
    Began: time(last?.at ?? run.made),
    Waited: last === undefined || run.trigger === "http" ? null : duration(run.attempts[0].at - run.made),
    Took: last?.until ? duration(last.until - last.at) : null,
    Attempts: run.attempts.length > 1 ? String(run.attempts.length) : null,
    "Next attempt": run.state === "ready" && run.attempts.length > 0 ? time(run.due) : null,
    Answered: run.status === null ? null : String(run.status),
    Reason: run.reason && more.errors.at(-1)?.error !== run.reason ? h("code", {}, run.reason) : null,
  };
  const shown = Object.entries(pairs).filter(([, value]) => value !== null);
  return h("dl", { class: "run-facts" }, shown.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

/** @param {boolean} open the last one: it is what one looks for first */
function errorBox({ number, at, error, stack }, open) {
  const title = h("summary", {}, `Attempt ${number} failed `, time(at), " ", h("code", {}, error.split("\n")[0]));
  const text = h("pre", { tabindex: "0", "aria-label": `Stack of attempt ${number}` }, stack || error);
  return h("details", { class: "run-error", open, ontoggle: () => (text.scrollTop = text.scrollHeight) }, title, text);
}

function input({ input: value, size: length }) {
  if (value !== null) return json(value, "Input");
  return h("p", { class: "wb-faint" }, length <= 4 ? "It had none." : `It is too large to show here (${size(length)}).`);
}

function links(run, { row }) {
  const step = pageUrl("flows", { step: run.step });
  const others = pageUrl("traces", { step: run.step });
  const endpoint = run.trigger === "http" ? pageUrl("endpoints", { endpoint: run.source }) : null;
  const queue = run.trigger === "http" ? null : pageUrl("queues", { step: run.step });
  const targets = [["The run's row", row], ["The step", step], ["Its endpoint", endpoint], ["Its queue", queue], ["Other traces of the step", others]];
  return h("p", { class: "wb-line" }, targets.filter(([, href]) => href).map(([text, href]) => h("a", { href }, text)));
}
