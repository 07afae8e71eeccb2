import { StreamClient } from "millrace";

import { showConnection } from "../project/connection.js";
import { DocumentEditor } from "./document-editor.js";

const place = JSON.parse(document.getElementById("place").textContent);
const address = `/workspaces/${place.workspace}/documents/${place.document}`;
const part = (id) => document.getElementById(id);
const area = part("content");
const KNOWN = "documents-guest"; // of this tab: another window is another guest

let guest = JSON.parse(sessionStorage.getItem(KNOWN) ?? "null");

/** Ask the server as the guest; a token that is over makes a new guest of the same name. */
async function ask(method, url, body) {
  const headers = { "Content-Type": "application/json", Accept: "application/json" };
  if (guest) headers.Authorization = `Bearer ${guest.token}`;
  let response;
  try {
    response = await fetch(url, { method, headers, body: JSON.stringify(body), credentials: "omit" });
  } catch {
    throw new Error("No answer from the server; trying again…");
  }
  if (response.status === 401 && guest) {
    await enter(guest.name);
    return ask(method, url, body);
  }
  const answer = response.status === 204 ? null : await response.json();
  if (!response.ok) throw Object.assign(new Error(answer?.error ?? response.statusText), { status: response.status });
  return answer;
}

async function enter(name) {
  guest = null;
  guest = { name, ...(await ask("POST", "/guests", { name })) };
  sessionStorage.setItem(KNOWN, JSON.stringify(guest));
}

async function begin() {
  part("enter").hidden = true;
  part("notify").hidden = false;
  await ask("GET", address).catch((error) => {
    if (error.status !== 404) throw error;
    return ask("PUT", address, { title: part("title").textContent, content: "" });
  });
  const client = new StreamClient({ token: () => guest.token });
  const documents = client.item("documents", place.workspace, place.document);
  const presence = client.group("presence", "global");
  const editor = new DocumentEditor(
    area,
    (base, content) => ask("PATCH", address, { base, content }),
    (text) => (part("saved").textContent = text),
  );
  documents.on("*", (item) => editor.show(item));
  documents.on("notification", ({ message }) => tell(message));
  documents.on("cursor", ({ userId, position }) => {
    places.set(userId, position);
    showPeople(presence.getState());
  });
  presence.on("*", showPeople);
  client.on("denied", async () => {
    await enter(guest.name);
    location.reload();
  });
  showConnection(part("connection"), client, documents);
  document.addEventListener("selectionchange", moveCursor);
}

// -- who is here, and where

const places = new Map();

function showPeople(people) {
  const here = people.filter(({ status }) => status === "online");
  part("nobody").hidden = here.length > 0;
  part("people").replaceChildren(
    ...here.map(({ userId, name }) => {
      const item = document.createElement("li");
      const label = document.createElement("span");
      label.className = "name";
      label.textContent = userId === guest.userId ? `${name} (you)` : name;
      item.append(label);
      if (places.has(userId) && userId !== guest.userId) {
        const where = document.createElement("span");
        where.className = "where";
        where.textContent = `line ${area.value.slice(0, places.get(userId)).split("\n").length}`;
        item.append(where);
      }
      return item;
    }),
  );
}

let resting = false;
let latest = -1;

async function moveCursor() {
  if (document.activeElement !== area || resting || area.selectionStart === latest) return;
  resting = true;
  latest = area.selectionStart;
  await ask("POST", `${address}/cursor`, { position: latest }).catch(() => {}); // where one was a moment ago is no loss
  setTimeout(() => {
    resting = false;
    moveCursor();
  }, 150);
}

// -- news

function tell(message) {
  const item = document.createElement("li");
  item.textContent = message;
  part("news").prepend(item);
  while (part("news").children.length > 5) part("news").lastElementChild.remove();
}

part("notify").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { message } = part("notify").elements;
  const body = { message: message.value, workspaceId: place.workspace };
  try {
    await ask("POST", `/documents/${place.document}/notify`, body);
    message.value = "";
    part("problem").textContent = "";
  } catch (error) {
    part("problem").textContent = error.message;
  }
});

part("enter").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await enter(part("name").value);
    await begin();
  } catch (error) {
    part("problem").textContent = error.message;
  }
});

if (guest) begin().catch((error) => (part("problem").textContent = error.message));
else part("enter").hidden = false;
