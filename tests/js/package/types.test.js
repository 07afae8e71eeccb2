/** The documents' samples, and some that must not compile, against our declarations. */
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import assert from "node:assert/strict";

const tests = join(dirname(fileURLToPath(import.meta.url)), "..");
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");

async function compiled(project) {
  const run = promisify(execFile)(process.execPath, [tsc, "-p", join(tests, project)]);
  return run.then(() => "", ({ stdout }) => stdout);
}

describe("the declarations", () => {
  for (const project of ["samples/tsconfig.json", "samples/tsconfig.react18.json"]) {
    it(`take the documents' samples, and nothing wrong (${project})`, async () => {
      assert.equal(await compiled(project), "");
    });
  }
});
