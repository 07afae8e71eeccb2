/** Python source with its words, texts and comments told apart. */
import { h } from "./page.js";

const WORDS =
  "and|as|assert|async|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|lambda|" +
  "match|case|nonlocal|not|or|pass|raise|return|try|while|with|yield|None|True|False";
const TOKENS = new RegExp(
  [
    /(?<text>[rbf]{0,2}(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))/.source,
    /(?<note>#[^\n]*)/.source,
    /(?<mark>^[ \t]*@[\w.]+)/.source,
    `(?<word>\\b(?:${WORDS})\\b)`,
  ].join("|"),
  "gmi",
);

/** @param {string} source @returns {HTMLElement} a `<code>` */
export function python(source) {
  const code = h("code", {});
  let done = 0;
  for (const found of source.matchAll(TOKENS)) {
    const [kind, text] = Object.entries(found.groups).find(([, value]) => value !== undefined);
    code.append(source.slice(done, found.index), h("span", { class: `py-${kind}` }, text));
    done = found.index + text.length;
  }
  code.append(source.slice(done));
  return code;
}
