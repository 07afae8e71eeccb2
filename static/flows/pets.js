import { StreamClient } from "millrace";

import { send } from "../project/api.js";
import { showConnection } from "../project/connection.js";

const LABELS = {
  bio: "Biography",
  breedGuess: "Breed, as guessed",
  temperamentTags: "Temperament",
  adopterHints: "A good home",
};
const MOST = 6; // cards on the page

const stages = JSON.parse(document.getElementById("stages").textContent);
const client = new StreamClient();
const form = document.getElementById("pet");
const pets = document.getElementById("pets");
const problem = document.getElementById("problem");
const card = document.getElementById("pet-card").content.firstElementChild;
const listening = []; // the subscriptions of the cards, the newest first

form.hidden = false; // without scripts there would be nobody to submit it

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  form.setAttribute("aria-busy", "true");
  try {
    const told = await send("POST", "/pets", entered());
    problem.textContent = "";
    follow(form.elements.name.value, told);
  } catch (error) {
    problem.textContent = error.message;
  } finally {
    form.removeAttribute("aria-busy");
  }
});

function entered() {
  const { name, species, ageMonths, symptoms } = form.elements;
  return {
    name: name.value,
    species: species.value,
    ageMonths: ageMonths.valueAsNumber,
    symptoms: symptoms.value
      .split(",")
      .map((symptom) => symptom.trim())
      .filter(Boolean),
  };
}

/** Show a pet and what is told about it: the answer says where to listen, and the first sync brings what was missed. */
function follow(name, told) {
  const element = card.cloneNode(true);
  const { streamName, groupId, id } = told.__stream;
  element.querySelector(".pet-name").textContent = name;
  element.querySelector(".pet-message").textContent = told.message;
  pets.prepend(element);
  document.getElementById("empty").hidden = true;
  const group = client.group(streamName, groupId);
  group.on("*", (items) => show(element, id, items));
  listening.unshift(group);
  if (listening.length === 1) showConnection(document.getElementById("connection"), client, group);
  while (listening.length > MOST) {
    listening.pop().close();
    pets.lastElementChild.remove();
  }
}

function show(element, id, items) {
  const known = new Map(items.map((item) => [item.id, item]));
  const message = known.get(id);
  if (message) {
    element.querySelector(".pet-message").textContent = message.message;
    element.querySelector("progress").value = message.progress ?? 0;
  }
  const profile = element.querySelector(".pet-profile");
  for (const stage of stages) {
    const told = known.get(`progress_${stage}`);
    if (!told) continue;
    const [, description] = [...profile.querySelectorAll(`[data-stage="${stage}"]`)];
    if (description) description.textContent = told.message;
    else profile.append(part("dt", stage, LABELS[stage] ?? stage), part("dd", stage, told.message));
  }
  const enrichment = known.get("completed") ?? known.get("enrichment_started");
  element.querySelector(".pet-enrichment").textContent = enrichment?.message ?? "";
}

function part(name, stage, text) {
  const element = document.createElement(name);
  element.dataset.stage = stage;
  element.textContent = text;
  return element;
}
