/** Colours of the theme as a canvas needs them, and when they change. */

const probe = document.createElement("span");
probe.hidden = true;
document.querySelector(".wb").append(probe);

/** What a CSS colour such as `var(--wb-accent)` is now: `rgb(…)`. @param {string} colour @param {string} [kind] */
export function colour(colour, kind) {
  if (kind) probe.dataset.kind = kind;
  else delete probe.dataset.kind;
  probe.style.color = colour;
  return getComputedStyle(probe).color;
}

/** Call *listener* whenever the admin's theme, or that of the system, is switched. */
export function onTheme(listener) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", listener);
  new MutationObserver(listener).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}
