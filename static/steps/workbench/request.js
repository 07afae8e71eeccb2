/** The form of a request: what an endpoint takes, filled in by hand, and what comes of it. */
import { Refusal, act, config, h, show } from "./page.js";

const at = (id) => document.getElementById(id);
const kept = (id) => `millrace.endpoint.${id}`;
const CHECK_MS = 350;

export class RequestForm {
  #endpoint = null;
  #timer = 0;
  #onChange;

  /** @param {() => void} onChange called when the request has become another one */
  constructor(onChange) {
    this.#onChange = onChange;
    for (const id of ["body", "headers", "session", "content-type"]) at(id).addEventListener("input", () => this.#changed());
    at("example").addEventListener("click", () => {
      at("body").value = pretty(this.#endpoint.example ?? {});
      this.#changed();
    });
  }

  /** Show the form of *endpoint*, as it was left. */
  show(endpoint) {
    this.#endpoint = endpoint;
    const left = JSON.parse(sessionStorage.getItem(kept(endpoint.id)) ?? "{}");
    const field = (kind, name, required, hint) => {
      const id = `${kind}-${name}`;
      const input = h("input", { id, name, "data-kind": kind, value: left[kind]?.[name] ?? "", placeholder: hint, required });
      input.addEventListener("input", () => this.#changed());
      return h("div", { class: "wb-field" }, h("label", { for: id }, required ? name : `${name} (optional)`), input);
    };
    const wanted = endpoint.query?.required ?? [];
    const queries = Object.entries(endpoint.query?.properties ?? {});
    show(at("parameters"), [
      ...endpoint.parameters.map((name) => field("path", name, true, "part of the path")),
      ...queries.map(([name, schema]) => field("query", name, wanted.includes(name), schema.description ?? schema.type ?? "")),
      ...(queries.length ? [] : [field("search", "query", false, "a=1&b=2")]),
    ]);
    at("body-part").hidden = !endpoint.takes_body;
    at("example").hidden = endpoint.example === null;
    at("body").value = left.body ?? (endpoint.takes_body && endpoint.example !== null ? pretty(endpoint.example) : "");
    at("content-type").value = left.type ?? "application/json";
    at("headers").value = left.headers ?? "";
    this.#changed();
  }

  /** What would be sent. @returns {{method: string, url: string, headers: [string, string][], body: string | null}} */
  wanted() {
    const { method, path, takes_body: takes } = this.#endpoint;
    const filled = path.replaceAll(/\{(\w+)\}/g, (whole, name) => encodeURIComponent(this.#values("path")[name] || whole));
    const query = new URLSearchParams(Object.entries(this.#values("query")).filter(([, value]) => value !== ""));
    const search = [query.toString(), this.#values("search").query ?? ""].filter(Boolean).join("&");
    const body = takes && at("body").value.trim() !== "" ? at("body").value : null;
    const headers = lines(at("headers").value);
    if (body !== null) headers.unshift(["Content-Type", at("content-type").value]);
    return { method, url: new URL(filled + (search ? `?${search}` : ""), location.origin).href, headers, body };
  }

  /** Send it. @param {AbortSignal} signal @returns {Promise<Response>} */
  send(signal) {
    const { method, url, headers, body } = this.wanted();
    const mine = at("session").checked;
    const own = mine && !["GET", "HEAD", "OPTIONS"].includes(method) ? [["X-CSRFToken", config.csrf]] : [];
    return fetch(url, { method, headers: [...headers, ...own], body, signal, credentials: mine ? "same-origin" : "omit", redirect: "manual" });
  }

  /** Is everything there that the path needs? Marks what is not. */
  complete() {
    const missing = [...at("parameters").querySelectorAll("[required]")].filter((input) => input.value === "");
    for (const input of at("parameters").querySelectorAll("input")) input.setAttribute("aria-invalid", String(missing.includes(input)));
    missing[0]?.focus();
    return missing.length === 0;
  }

  #values(kind) {
    const inputs = at("parameters").querySelectorAll(`[data-kind="${kind}"]`);
    return Object.fromEntries([...inputs].map((input) => [input.name, input.value]));
  }

  #changed() {
    const [path, query, search] = ["path", "query", "search"].map((kind) => this.#values(kind));
    at("body").rows = Math.min(16, Math.max(4, at("body").value.split("\n").length + 1));
    const left = { path, query, search, body: at("body").value, type: at("content-type").value, headers: at("headers").value };
    sessionStorage.setItem(kept(this.#endpoint.id), JSON.stringify(left));
    this.#onChange();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(), CHECK_MS);
  }

  /** Ask the endpoint's own schema what is wrong with the body. */
  async #check() {
    const { id, takes_body: takes, body: schema } = this.#endpoint;
    const text = at("body").value;
    let faults = {};
    const json = takes && at("content-type").value === "application/json";
    let checked = json && schema !== null && text.trim() !== "";
    if (json && (text.trim() !== "" || schema !== null)) {
      try {
        const value = text.trim() === "" ? {} : JSON.parse(text);
        faults = schema === null ? {} : (await act("check", { id, value })).fields;
      } catch (error) {
        checked = false;
        if (error instanceof SyntaxError) faults = { "": [`This is not JSON: ${error.message}`] };
        else if (!(error instanceof Refusal)) throw error; // one that cannot be checked can still be sent
      }
    }
    if (this.#endpoint.id !== id || at("body").value !== text) return; // typed on meanwhile
    const list = Object.entries(faults).map(([name, why]) => h("li", {}, name ? h("strong", {}, `${name}: `) : null, why.join(", ")));
    show(at("faults"), list);
    at("body").setAttribute("aria-invalid", String(list.length > 0));
    at("fits").hidden = !checked || list.length > 0;
  }
}

const pretty = (value) => JSON.stringify(value, null, 2);

/** "Name: value" per line; what is no header is left out. */
const lines = (text) =>
  text
    .split("\n")
    .map((line) => line.match(/^\s*([\w!#$%&'*+.^`|~-]+)\s*:\s*(.*?)\s*$/))
    .filter((found) => found !== null)
    .map(([, name, value]) => [name, value]);
