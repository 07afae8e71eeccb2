/** JSON as a tree that opens and closes, in the colours of the theme. */
import "./vendor/json-viewer/json-viewer.bundle.mjs";
import { h } from "./page.js";

/** The viewer calls itself a "node", which no screen reader knows. */
class JsonTree extends customElements.get("json-viewer") {
  connectedCallback() {
    super.connectedCallback();
    this.setAttribute("role", "tree");
  }
}
customElements.define("wb-json", JsonTree);

/**
 * @param {any} value
 * @param {string} [label] what it is, for screen readers
 * @returns {HTMLElement & {data: any}} give it another `data` and what is open stays open
 */
export function json(value, label = "JSON") {
  const viewer = h("wb-json", { "aria-label": label });
  viewer.data = value;
  viewer.updateComplete?.then(() => viewer.expandAll());
  return viewer;
}
