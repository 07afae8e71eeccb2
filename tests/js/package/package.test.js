/** What `npm publish static/streams` would publish, used as people use it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const tests = join(dirname(fileURLToPath(import.meta.url)), "..");
const source = join(tests, "..", "..", "static", "streams");
const CORE = ["client", "connection", "dialer", "index", "listeners", "reducer", "refusal", "socket", "subscription", "token"];
const KILOBYTE = 1024;

let home;
let packed;

before(() => {
  home = mkdtempSync(join(tmpdir(), "millrace-package-"));
  const [report] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--pack-destination", home, source], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
  );
  packed = report.files.map(({ path }) => path).sort();
  for (const version of ["18", "19"]) {
    const modules = join(home, version, "node_modules");
    mkdirSync(join(modules, "millrace"), { recursive: true });
    execFileSync("tar", ["-xzf", join(home, report.filename), "--strip-components=1", "-C", join(modules, "millrace")]);
    const react = version === "18" ? join(tests, "react18", "node_modules") : join(tests, "node_modules");
    for (const name of ["react", "react-dom"]) symlinkSync(join(react, name), join(modules, name));
    symlinkSync(join(tests, "node_modules", "ws"), join(modules, "ws"));
  }
});

after(() => rmSync(home, { recursive: true }));

/** Run a module in a project that has the package, and return what it printed. */
function run(version, text) {
  const file = join(home, version, `program-${Math.random()}.mjs`);
  writeFileSync(file, text);
  return execFileSync(process.execPath, [file], { encoding: "utf8", cwd: join(home, version) });
}

describe("the package", () => {
  it("holds every module with its types, and no tests or dependencies", () => {
    const modules = readdirSync(source).filter((name) => name.endsWith(".js"));
    assert.deepEqual(packed, [...modules, "LICENSE", "README.md", "index.d.ts", "package.json", "react.d.ts"].sort());
    const { dependencies, exports } = JSON.parse(readFileSync(join(source, "package.json"), "utf8"));
    assert.equal(dependencies, undefined);
    for (const entry of Object.values(exports)) {
      for (const path of typeof entry === "string" ? [entry] : Object.values(entry)) {
        assert.ok(packed.includes(path.slice(2)), path);
      }
    }
  });

  it("is imported by name, without React where there is none", () => {
    rmSync(join(home, "19", "node_modules", "react"));
    try {
      const names = run("19", `console.log(Object.keys(await import("millrace")).join())`);
      assert.equal(names.trim(), "ConnectionRefused,StreamClient,Subscription,connectStream");
    } finally {
      symlinkSync(join(tests, "node_modules", "react"), join(home, "19", "node_modules", "react"));
    }
  });

  for (const version of ["18", "19"]) {
    it(`renders on a server with React ${version}: the first state, and no connection`, () => {
      const html = run(version, `
        import { createElement as h, version } from "react";
        import { renderToString } from "react-dom/server";
        import { StreamProvider, useMotiaStream, useStreamGroup, useStreamItem } from "millrace/react";
        globalThis.WebSocket = class { constructor() { throw new Error("connected while rendering"); } };
        const initial = { items: [{ id: "t1", description: "milk" }], sequence: 4, epoch: "k4" };
        function Todos() {
          const { data, status, event } = useStreamGroup({ streamName: "todo", groupId: "inbox", initial });
          const { data: item } = useStreamItem({ streamName: "todo", groupId: "inbox", id: "t1" });
          const { items, isConnected } = useMotiaStream({ url: "ws://nowhere", streamName: "todo", groupId: "inbox" });
          return h("p", null, [data[0].description, status, String(event), String(item), items.size, String(isConnected)].join());
        }
        console.log(version.split(".")[0], renderToString(h(StreamProvider, { address: "ws://nowhere" }, h(Todos))));
      `);
      assert.equal(html.trim(), `${version} <p>milk,joining,null,undefined,0,false</p>`);
    });
  }

  it("says what is missing when a hook has no provider", () => {
    const message = run("19", `
      import { createElement as h } from "react";
      import { renderToString } from "react-dom/server";
      import { useStreamGroup } from "millrace/react";
      try {
        renderToString(h(() => useStreamGroup({ streamName: "todo", groupId: "inbox" })));
      } catch ({ message }) {
        console.log(message);
      }
    `);
    assert.match(message, /useStreamGroup needs a <StreamProvider>/);
  });
});

describe("its size", () => {
  const gzipped = (text) => gzipSync(text, { level: 9 }).length;

  /** The modules that a page loads with index.js, in the order of their imports: what `import()` loads later is not in it. */
  function core(name = "index.js", found = new Map()) {
    if (found.has(name)) return found;
    const text = readFileSync(join(source, name), "utf8");
    found.set(name, text);
    for (const [, next] of text.matchAll(/^(?:import|export)\b[^;]*?\bfrom "\.\/([^"]+)";/gm)) core(next, found);
    return found;
  }

  it("is at most 8 KB for the core as it is served: all that index.js imports, one file after the other, gzip -9", () => {
    const files = core();
    assert.deepEqual([...files.keys()].sort(), CORE.map((name) => `${name}.js`), "nothing is left out");
    const size = gzipped([...files.values()].join(""));
    assert.ok(size <= 8 * KILOBYTE, `${size} bytes`);
    const lines = Object.fromEntries([...files].map(([name, text]) => [name, text.split("\n").length]));
    assert.deepEqual(Object.entries(lines).filter(([, count]) => count > 200), [], "and nothing is minified or too long");
    assert.deepEqual([...files].filter(([, text]) => text.split("\n").some((line) => line.length > 140)), []);
  });

  it("is at most 8 KB for everything, server-sent events included, as bundlers bring it to a page", async () => {
    const { outputFiles } = await build({
      entryPoints: [join(source, "index.js")], outdir: home, write: false, bundle: true, format: "esm", target: "es2022",
      splitting: true, minify: true, logLevel: "error",
    });
    const size = outputFiles.reduce((sum, { text }) => sum + gzipped(text), 0);
    assert.ok(size <= 8 * KILOBYTE, `${size} bytes`);
  });
});
