/**
 * What every page of the workbench uses: where things are, reading and acting, and making elements.
 *
 *     import { act, h, load, show } from "./page.js";
 *     const { runs } = await load("runs", { state: "dead" });
 *     show(list, runs.map((run) => h("li", {}, run.step)));
 */

/** What the server says about this page: `page`, `pages`, `data`, `actions`, `feed`, `csrf`. */
export const config = JSON.parse(document.getElementById("wb-config").textContent);

/** Why the server did not answer as asked. `status` 0: it was not reached. `fields`: what is wrong where. */
export class Refusal extends Error {
  constructor(message, status, body = {}) {
    super(message);
    this.status = status;
    this.fields = body.fields ?? {};
    this.body = body;
  }
}

/** Read what the page's `@page.data` of that name returns. @param {string} name @param {object} [query] */
export function load(name, query = {}, options = {}) {
  return ask(withQuery(config.data[name], query), options);
}

/** Do what the page's `@page.action` of that name does. @param {string} name @param {object} [body] */
export function act(name, body = {}) {
  const headers = { "Content-Type": "application/json", "X-CSRFToken": config.csrf };
  return ask(config.actions[name], { method: "POST", headers, body: JSON.stringify(body) });
}

/** May the user do it? Buttons of what one may not do are better not shown. */
export const may = (name) => name in config.actions;

/** The address of another page, or null where the user may not see it. */
export function pageUrl(name, query = {}) {
  return name in config.pages ? withQuery(config.pages[name], query) : null;
}

export function withQuery(url, query) {
  const known = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return known.length === 0 ? url : `${url}?${new URLSearchParams(known)}`;
}

async function ask(url, options) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", redirect: "error", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal("The server cannot be reached.", 0);
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refusal(body.error ?? `The server answered ${response.status}.`, response.status, body);
  return body;
}

/**
 * Make an element. Properties: `class`, `text`, `on<event>` functions, `data-…`, `aria-…` and other attributes (false,
 * null, undefined: none; true: an empty one). Children: nodes and texts; false and null are left out.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "text") element.textContent = value;
    else if (name === "value" || name === "checked") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Put children into *element* instead of what is there. */
export function show(element, children, empty = null) {
  const list = [children].flat();
  element.replaceChildren(...(list.length === 0 && empty !== null ? [empty] : list));
}

/** A line that says that there is nothing, and what to do about it. */
export const nothing = (text, tag = "p") => h(tag, { class: "wb-empty" }, text);

/** Say something to screen readers that others see anyway. */
export function say(text) {
  document.getElementById("wb-said").textContent = text;
}

const problem = document.getElementById("wb-problem");

/** Show what went wrong at the top of the page; null: nothing any more. */
export function complain(error) {
  problem.hidden = error === null;
  problem.textContent = error === null ? "" : error.message;
  if (error?.status === 401) problem.append(" ", h("a", { href: location.href }, "Log in again"));
}

/**
 * Run *work* and show what goes wrong with it; the complaint goes away with the next success.
 * @template T @param {() => Promise<T>} work @returns {Promise<T | undefined>}
 */
export async function attempt(work) {
  try {
    const result = await work();
    complain(null);
    return result;
  } catch (error) {
    if (error.name === "AbortError") return undefined;
    if (!(error instanceof Refusal)) console.error(error);
    complain(error);
    return undefined;
  }
}

/** Copy to the clipboard and say so on the button. */
export async function copy(text, button) {
  await navigator.clipboard.writeText(text);
  const before = button.textContent;
  button.textContent = "Copied";
  say("Copied");
  setTimeout(() => (button.textContent = before), 1500);
}

// in a narrow window the navigation is a row that is scrolled
const nav = document.querySelector(".wb-nav");
const here = nav.querySelector("[aria-current]");
if (here !== null) nav.scrollLeft = here.offsetLeft - (nav.clientWidth - here.offsetWidth) / 2;
