import { StreamClient } from "millrace";

import { send } from "../project/api.js";
import { showConnection } from "../project/connection.js";

// The server has rendered the first state; from here on the stream says how far each merge is.
const initial = JSON.parse(document.getElementById("snapshot").textContent);
const client = new StreamClient();
const merges = client.group("parallelMerge", "merge-groups", { initial });
const list = document.getElementById("merges");
const template = document.getElementById("merge-item").content.firstElementChild;
const problem = document.getElementById("problem");
const start = document.getElementById("start");

merges.on("*", show);
show(merges.getState());
showConnection(document.getElementById("connection"), client, merges);
start.hidden = false; // without scripts there would be nothing to submit it

start.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { totalSteps, seconds } = start.elements;
  start.setAttribute("aria-busy", "true");
  try {
    await send("POST", "/stream-parallel-merge", {
      totalSteps: totalSteps.valueAsNumber,
      seconds: seconds.valueAsNumber,
    });
    problem.textContent = "";
  } catch (error) {
    problem.textContent = error.message;
  } finally {
    start.removeAttribute("aria-busy");
  }
});

/** Bring the page in line with the stream: the newest merges, the last one first. */
function show(items) {
  const shown = items.slice(-Number(list.dataset.shown)).reverse();
  const known = new Map([...list.children].map((element) => [element.dataset.id, element]));
  const wanted = new Set(shown.map(({ id }) => id));
  for (const [id, element] of known) if (!wanted.has(id)) element.remove();
  let place = list.firstElementChild;
  for (const item of shown) {
    const element = known.get(item.id) ?? create();
    fill(element, item);
    if (element === place) place = place.nextElementSibling;
    else list.insertBefore(element, place);
  }
  document.getElementById("empty").hidden = items.length > 0;
}

function create() {
  const element = template.cloneNode(true);
  element.classList.add("fresh");
  return element;
}

function fill(element, { id, completedSteps, totalSteps }) {
  element.dataset.id = id;
  element.toggleAttribute("data-done", completedSteps >= totalSteps);
  element.querySelector(".merge-name").textContent = id;
  element.querySelector(".count").textContent = completedSteps;
  element.querySelector(".total").textContent = totalSteps;
  const bar = element.querySelector("progress");
  bar.max = totalSteps;
  bar.value = completedSteps;
}
