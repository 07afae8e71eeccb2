/** Overview: rates from what the processes say of themselves, counts and errors from the rows. */
import { follow, refreshing } from "./feed.js";
import { badge, counted, duration, number, stateName, time } from "./format.js";
import { attempt, h, load, nothing, pageUrl, show } from "./page.js";
import { Rates } from "./rates.js";
import { spark } from "./spark.js";

const at = (id) => document.getElementById(id);
const rates = new Rates();

const CARDS = [
  { name: "changes", title: "Events per second", text: number },
  { name: "frames", title: "Deliveries per second", text: number },
  { name: "connections", title: "Connections", text: number },
  { name: "runs", title: "Runs ended per second", text: number },
  { name: "p50", title: "Write to delivery, median", text: duration },
  { name: "p95", title: "Write to delivery, 95 %", text: duration },
];
const cards = new Map(CARDS.map((card) => [card.name, makeCard(card)]));
at("rates").append(...[...cards.values()].map((card) => card.element));

function makeCard({ title, text }) {
  const value = h("p", { class: "wb-value" }, "–");
  const line = h("div", {});
  return { element: h("article", { class: "wb-card" }, h("h3", {}, title), value, line), value, line, text };
}

function showRates() {
  for (const [name, card] of cards) {
    const values = rates.series(name);
    const last = rates.last(name);
    card.value.textContent = last === null ? "–" : card.text(last);
    show(card.line, spark(values, Rates.PLACES));
  }
  showTables(rates.processes(), rates.counters());
}

let shown = "";

/** What the processes say, if it is something new: a table that is made anew loses what was selected in it. */
function showTables(processes, counters) {
  const said = JSON.stringify([processes.map(({ pid, changes, frames, connections }) => [pid, changes, frames, connections]), counters]);
  if (said === shown) return;
  shown = said;
  const rows = processes.map((one) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, `${one.host} ${one.pid}`, h("span", { class: "wb-faint" }, one.serving ? " serves" : " writes")),
      ...["changes", "frames", "connections"].map((name) => h("td", { class: "number" }, number(one[name]))),
    ),
  );
  show(at("processes"), rows, h("tr", {}, h("td", { colspan: 4, class: "wb-faint" }, "No process has said anything yet.")));
  const counts = counters.map(([name, reason, count]) =>
    h("tr", {}, h("th", { scope: "row" }, name.replaceAll("_", " ")), h("td", {}, reason), h("td", { class: "number" }, number(count))),
  );
  const calm = h("tr", {}, h("td", { colspan: 3, class: "wb-faint" }, "Nothing was refused, dropped or healed since these processes started."));
  show(at("counters"), counts, calm);
}

follow("processes", (news) => news?.forEach((sample) => rates.add(sample)));
follow("runs", (news) => rates.ended(news?.filter((run) => !["ready", "running"].includes(run.state)).length ?? 0));
setInterval(() => {
  rates.tick();
  showRates();
}, 1000);
showRates();

refreshing(["runs"], () => attempt(showNumbers), 1000);
async function showNumbers() {
  const [{ states, counted: most }, { errors }] = await Promise.all([load("numbers"), load("errors")]);
  show(
    at("states"),
    Object.entries(states).map(([state, count]) => {
      const inside = [h("strong", {}, counted(count, most)), h("span", {}, stateName(state))];
      const href = pageUrl("queues", { state });
      return h("li", { "data-state": state }, href ? h("a", { href }, ...inside) : h("div", {}, ...inside));
    }),
  );
  show(at("errors"), errors.map(errorItem), nothing("Nothing has failed. Dead letters and failed requests appear here.", "li"));
}

function errorItem(error) {
  const href = pageUrl("traces", { trace: error.trace });
  const step = href ? h("a", { href }, error.step) : h("strong", {}, error.step);
  return h(
    "li",
    {},
    h("p", { class: "wb-line" }, step, badge(error.state), h("span", { class: "wb-faint" }, time(error.at))),
    h("p", {}, h("code", {}, error.reason || "no reason was given")),
    h("p", { class: "wb-faint" }, error.source),
  );
}

async function showHealth() {
  const { parts, processes } = await load("health");
  const people = (name) => processes.filter((one) => one.kind === name).map((one) => `${one.host} ${one.pid}`).join(", ");
  show(
    at("health"),
    parts.map(({ name, state, detail }) =>
      h(
        "li",
        { class: "wb-line", "data-health": state },
        h("span", { class: "wb-dot", "aria-hidden": "true" }),
        h("strong", {}, name),
        h("span", {}, state),
        h("span", { class: "wb-faint" }, detail || people(name)),
      ),
    ),
  );
}

const checkHealth = () => document.hidden || attempt(showHealth);
checkHealth();
setInterval(checkHealth, 10_000);
