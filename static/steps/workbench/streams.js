/** Streams: choose one and a group of it; its items, its log, its frames, who is connected, events and code. */
import { Changes } from "./changes.js";
import { Connections } from "./connections.js";
import { follow } from "./feed.js";
import { duration, time } from "./format.js";
import { Frames } from "./frames.js";
import { Items } from "./items.js";
import { json } from "./json.js";
import { act, attempt, h, load, may, nothing, show } from "./page.js";
import { snippets } from "./snippets.js";
import { Tabs } from "./tabs.js";
import { wire } from "./wire.js";

const at = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const frames = new Frames();
const items = new Items(wire((way, text) => frames.heard(way, text)), showLog, (group) => chooseGroup(group));
const changes = new Changes(showLog);
const connections = new Connections();
const place = { stream: null, group: null };
let streams = [];
let groups = [];
let turn = 0;

const tabs = new Tabs(at("tabs"), [
  ["items", "Items"],
  ["log", "Log"],
  ["frames", "Frames"],
  ["connections", "Connections"],
  ...(may("send") ? [["send", "Send"]] : []),
  ["code", "Code"],
], openTab);

// -- streams and groups ----------------------------------------------------------------------------------------------

async function start() {
  ({ streams } = await load("declared"));
  if (streams.length === 0) {
    at("work").hidden = true;
    show(at("streams"), nothing("No stream yet. Declare one in a streams.py of an installed app: todo = Stream(\"todo\").", "li"));
    return;
  }
  await chooseStream(streams.find(({ name }) => name === query.get("stream")) ?? streams[0], query.get("group"));
}

function showStreams() {
  const row = (stream) => {
    const here = { "aria-current": String(stream === place.stream), "data-stream": stream.name };
    const words = stream.open ? (stream.public ? "public" : "by its rules") : "nobody may join";
    const pressed = () => attempt(() => chooseStream(stream, null));
    return h("li", {}, h("button", { type: "button", class: "wb-row", ...here, onclick: pressed }, h("span", { class: "wb-line" }, h("strong", {}, stream.name), h("span", { class: "wb-faint" }, words))));
  };
  show(at("streams"), streams.map(row));
  at("streams").querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest" });
}

async function chooseStream(stream, group) {
  place.stream = stream;
  at("find").value = "";
  showStreams();
  at("groups-part").hidden = false;
  await loadGroups();
  const wanted = group ?? groups[0]?.group ?? null;
  chooseGroup(wanted);
}

/** Read the groups, or more of them. */
async function loadGroups(after = "") {
  const mine = ++turn;
  const found = await load("groups", { stream: place.stream.name, find: at("find").value, after });
  if (mine !== turn) return;
  groups = after === "" ? found.groups : [...groups, ...found.groups];
  at("more-groups").hidden = !found.more;
  showGroups();
}

function showGroups() {
  const row = ({ group, sequence, at: moment }) => {
    const here = { "aria-current": String(group === place.group), "data-group": group };
    const facts = sequence === null ? [] : [`${sequence} change${sequence === 1 ? "" : "s"} · `, time(moment)];
    return h("li", {}, h("button", { type: "button", class: "wb-row", ...here, onclick: () => chooseGroup(group) }, h("span", { class: "st-id" }, group), h("span", { class: "wb-faint" }, facts)));
  };
  const empty = at("find").value === "" ? "No group yet." : "No group begins like that.";
  show(at("groups"), groups.map(row), nothing(empty, "li"));
}

function chooseGroup(group, item = "") {
  place.group = group;
  query.set("stream", place.stream.name);
  for (const [name, value] of [["group", group], ["item", item]]) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  for (const button of at("groups").querySelectorAll("[data-group]")) {
    button.setAttribute("aria-current", String(button.dataset.group === group));
  }
  const { name, description, history, storage } = place.stream;
  show(at("title"), [name, ...(group === null ? [] : [" / ", h("span", { class: "st-id" }, group)])]);
  const kept = history === null ? "no log" : `log: ${[history.changes && `${history.changes} changes`, history.age && duration(history.age)].filter(Boolean).join(", ") || "all of it"}`;
  at("facts").textContent = [kept, storage === "default" ? "" : `storage ${storage}`].filter(Boolean).join(" · ");
  at("about").textContent = description;
  at("event-group").value = group ?? "";
  items.open({ ...place });
  tabs.choose(item && tabs.chosen !== "items" ? "log" : (tabs.chosen ?? query.get("tab")));
}

// -- tabs ------------------------------------------------------------------------------------------------------------

function openTab(name) {
  query.set("tab", name);
  history.replaceState(null, "", `?${query}`);
  if (place.stream === null) return;
  if (name === "log") changes.open({ ...place }, query.get("item") ?? "");
  else changes.close();
  if (name === "frames") frames.show();
  if (name === "connections") connections.show();
  if (name === "code") show(at("snippets"), [...snippets(place), h("h3", {}, "Schema"), json(place.stream.schema, "Schema")]);
}

function showLog(item) {
  if (item) query.set("item", item);
  else query.delete("item");
  tabs.choose("log");
}

// -- events ----------------------------------------------------------------------------------------------------------

at("send").addEventListener("submit", async (event) => {
  event.preventDefault();
  at("sent").textContent = "";
  let data;
  try {
    data = JSON.parse(at("event-data").value || "null");
  } catch (error) {
    at("event-data").setAttribute("aria-invalid", "true");
    at("sent").textContent = `No JSON: ${error.message}`;
    return;
  }
  at("event-data").removeAttribute("aria-invalid");
  const [group, id, type] = ["group", "item", "type"].map((name) => at(`event-${name}`).value);
  const done = await attempt(() => act("send", { stream: place.stream.name, group, id, type, data }));
  at("sent").textContent = done === undefined ? "It was refused." : "Sent. If this page has joined the group, it is among the frames.";
});

let finding = 0;
at("find").addEventListener("input", () => {
  clearTimeout(finding);
  finding = setTimeout(() => attempt(() => loadGroups()), 200);
});
at("more-groups").addEventListener("click", () => attempt(() => loadGroups(groups.at(-1).group)));

attempt(start).then(() => {
  follow("streams", (news) => {
    const known = new Map((news ?? []).filter(({ stream }) => stream === place.stream?.name).map((one) => [one.group, one]));
    if (news === null || known.size > 0) refresh();
  });
});
let due = 0;

/** The groups' positions, at most once a second, as long as no further pages of them are open. */
function refresh() {
  if (due !== 0 || place.stream === null || groups.length > 50) return;
  due = setTimeout(() => {
    due = 0;
    attempt(async () => {
      await loadGroups();
      if (place.group === null && groups.length > 0) chooseGroup(groups[0].group);
    });
  }, 1000);
}
