/** JSON as a tree that opens and closes, in the colours of the theme. */
import "./vendor/json-viewer/json-viewer.bundle.mjs";
import { h } from "./page.js";

/** @param {any} value @returns {HTMLElement & {data: any}} give it another `data` and what is open stays open */
export function json(value) {
  const viewer = h("json-viewer", { class: "wb-json" });
  viewer.data = value;
  viewer.updateComplete?.then(() => viewer.expandAll());
  return viewer;
}
