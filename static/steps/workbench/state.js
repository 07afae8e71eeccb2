/** State: scopes and their values, read again when something in them was written. */
import { Editor } from "./editor.js";
import { follow } from "./feed.js";
import { time } from "./format.js";
import { ItemRow, sureButton } from "./item.js";
import { act, attempt, h, load, may, nothing, show } from "./page.js";

const NAME = "streams:state";
const OPEN = 12; // so few are opened by themselves
const SOON_MS = 300;

const at = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const words = { group: "Scope", id: "Key", item: "value", hasId: false };
const editor = new Editor(at("editor"), (scope) => attempt(() => open(scope)), words);
const rows = new Map();
let scopes = [];
let values = [];
let scope = query.get("scope");
let after = null;
let turn = 0;

// -- scopes ----------------------------------------------------------------------------------------------------------

async function loadScopes(from = "") {
  const mine = ++turn;
  const found = await load("scopes", { find: at("find").value, after: from });
  if (mine !== turn) return;
  scopes = from === "" ? found.groups : [...scopes, ...found.groups];
  at("more-scopes").hidden = !found.more;
  const empty = at("find").value === "" ? "No scope yet. Steps write them: ctx.state.set(\"pets\", \"1\", {…})." : "No scope begins like that.";
  const focused = document.activeElement?.dataset.scope;
  show(at("scopes"), scopes.map(scopeRow), nothing(empty, "li"));
  if (focused) scopeButton(focused)?.focus();
}

const scopeButton = (name) => [...at("scopes").querySelectorAll("[data-scope]")].find((one) => one.dataset.scope === name);

function scopeRow({ group, sequence, at: moment }) {
  const facts = sequence === null ? [] : [`${sequence} change${sequence === 1 ? "" : "s"} · `, time(moment)];
  const here = { "aria-current": String(group === scope), "data-scope": group };
  const pressed = () => attempt(() => open(group));
  return h("li", {}, h("button", { type: "button", class: "wb-row", ...here, onclick: pressed }, h("span", { class: "st-id" }, group), h("span", { class: "wb-faint" }, facts)));
}

// -- values ----------------------------------------------------------------------------------------------------------

/** Show a scope from its beginning. */
async function open(name) {
  if (name !== scope) {
    rows.clear();
    editor.close();
  }
  scope = name;
  query.set("scope", name);
  history.replaceState(null, "", `?${query}`);
  for (const button of at("scopes").querySelectorAll("[data-scope]")) button.setAttribute("aria-current", String(button.dataset.scope === name));
  at("title").textContent = name;
  await loadValues();
}

/** Read as many values again as are shown; or more of them. */
async function loadValues(more = false) {
  const wanted = scope;
  const least = more ? values.length + 1 : values.length;
  let found = await load("values", { group: wanted });
  const all = found.items;
  while (found.after !== null && all.length < least) {
    found = await load("values", { group: wanted, after: found.after });
    all.push(...found.items);
  }
  if (wanted !== scope) return;
  values = all;
  after = found.after;
  showValues();
}

function showValues() {
  const known = new Set(values.map(({ id }) => id));
  for (const id of rows.keys()) if (!known.has(id)) rows.delete(id);
  for (const { id, value } of values) {
    if (!rows.has(id)) rows.set(id, valueRow(id));
    rows.get(id).value = value;
  }
  const elements = values.map(({ id }) => rows.get(id).element);
  const list = at("values");
  if (elements.length === 0 || elements.length !== list.children.length || elements.some((one, index) => list.children[index] !== one)) {
    show(list, elements, nothing("The scope is empty: its values were deleted.", "li"));
  }
  at("more-values").hidden = after === null;
  editor.look((id) => values.find((one) => one.id === id)?.value);
}

function valueRow(id) {
  const place = { stream: { name: "" }, group: scope };
  const edit = () => editor.edit(place, id, rows.get(id).value);
  const remove = () => attempt(() => act("delete", { group: place.group, id }).then(() => loadValues()));
  const buttons = [
    may("edit") ? h("button", { type: "button", class: "wb-button", "aria-label": `Edit ${id}`, onclick: edit }, "Edit") : null,
    may("delete") ? sureButton("Delete", `Delete ${id}`, remove) : null,
  ].filter(Boolean);
  return new ItemRow(id, buttons, values.length <= OPEN);
}

// -- what happens ----------------------------------------------------------------------------------------------------

let due = 0;
let here = false;

/** Read again, soon and once; *isMine*: the scope that is shown was written. */
function refresh(isMine) {
  here ||= isMine;
  if (due !== 0) return;
  due = setTimeout(() => {
    const mine = here;
    due = 0;
    here = false;
    if (scopes.length <= 50) attempt(() => loadScopes());
    if (mine && scope !== null) attempt(() => loadValues());
    else if (scope === null) attempt(start);
  }, SOON_MS);
}

async function start() {
  await loadScopes();
  if (scope === null && scopes.length === 0) show(at("values"), nothing("Choose a scope, or make its first value.", "li"));
  else await open(scope ?? scopes[0].group);
}

let finding = 0;
at("find").addEventListener("input", () => {
  clearTimeout(finding);
  finding = setTimeout(() => attempt(() => loadScopes()), 200);
});
at("more-scopes").addEventListener("click", () => attempt(() => loadScopes(scopes.at(-1).group)));
at("more-values").addEventListener("click", () => attempt(() => loadValues(true)));
at("new").hidden = !may("create");
at("new").addEventListener("click", () => editor.create({ stream: { name: "" }, group: scope }));
attempt(start).then(() => {
  follow("streams", (news) => {
    const written = news === null ? [{ stream: NAME, group: scope }] : news.filter(({ stream }) => stream === NAME);
    if (written.length > 0) refresh(written.some(({ group }) => group === scope));
  });
});
