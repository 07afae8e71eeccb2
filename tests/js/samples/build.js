/**
 * `node build.js package sample react out`: a page with a sample, built by Vite as a web project builds it.
 *
 * package: the unpacked npm package; sample: a file of this folder, a component `TodoList` if it is a .tsx, else a script;
 * react: 18 or 19; out: the folder to write index.html and page.js to.
 */
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const here = dirname(fileURLToPath(import.meta.url));
const [pack, sample, react, out] = process.argv.slice(2);
const require = createRequire(react === "18" ? join(here, "..", "react18", "package.json") : import.meta.url);
const module = (name) => dirname(require.resolve(`${name}/package.json`));
// the names that the documents import are ours here
const ours = {
  millrace: "index.js",
  "@motiadev/stream-client-browser": "index.js",
  "@motia/client": "index.js",
  "millrace/react": "react.js",
  "@motiadev/stream-client-react": "react.js",
  "@motia/stream-client-react": "react.js",
};
const alias = [
  ...Object.entries(ours).map(([find, file]) => ({ find: new RegExp(`^${find}$`), replacement: resolve(pack, file) })),
  ...["react", "react-dom"].map((find) => ({ find: new RegExp(`^${find}(?=/|$)`), replacement: module(find) })),
  { find: "sample", replacement: join(here, sample) },
];

await build({
  configFile: false,
  root: here,
  logLevel: "error",
  resolve: { alias },
  build: {
    outDir: out,
    emptyOutDir: false,
    target: "es2022",
    rollupOptions: {
      input: sample.endsWith(".tsx") ? join(here, "main.tsx") : join(here, sample),
      output: { entryFileNames: "page.js", chunkFileNames: "[name]-[hash].js" },
    },
  },
});
