import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";

import { LANGUAGES } from "../../../static/steps/workbench/code.js";

const wanted = {
  method: "POST",
  url: "http://127.0.0.1:1/todo?a=1&b=%22",
  headers: [["Content-Type", "application/json"], ["X-Say", "it's \"so\""]],
  body: '{"text": "Ada\'s `milk` $HOME \\n", "done": true, "none": null, "list": [1, 2.5, {"a": false}]}',
};

describe("a request as code", () => {
  it("reaches the shell as it was written", () => {
    const command = LANGUAGES.curl(wanted).replace(/^curl/, 'printf "%s\\n"');
    const lines = execFileSync("sh", ["-c", command], { encoding: "utf8" }).trimEnd().split("\n");
    assert.deepEqual(lines, [
      "-X", "POST", wanted.url, "-H", "Content-Type: application/json", "-H", wanted.headers[1].join(": "), "--data-binary", wanted.body,
    ]);
  });

  it("means the same in JavaScript", async () => {
    const sent = [];
    const fetch = async (...call) => (sent.push(call), { status: 200, text: async () => "" });
    await new Function("fetch", "console", `return (async () => {${LANGUAGES.JavaScript(wanted)}})()`)(fetch, { log() {} });
    const [[url, { method, headers, body }]] = sent;
    assert.deepEqual([url, method, headers], [wanted.url, "POST", Object.fromEntries(wanted.headers)]);
    assert.deepEqual(JSON.parse(body), JSON.parse(wanted.body));
  });

  it("is Python's own values in Python", () => {
    const code = LANGUAGES.Python(wanted);
    assert.match(code, /"done": True, "none": None, "list": \[1, 2\.5, \{"a": False\}\]/);
    assert.doesNotMatch(code, /Content-Type/); // json= says it
  });

  it("sends what is no JSON as it is", () => {
    const form = { ...wanted, headers: [["Content-Type", "application/x-www-form-urlencoded"]], body: "a=1&b=2" };
    assert.match(LANGUAGES.Python(form), /data="a=1&b=2"\.encode\(\)/);
    assert.match(LANGUAGES.JavaScript(form), /body: "a=1&b=2"/);
    const broken = { ...wanted, body: "{" };
    assert.match(LANGUAGES.Python(broken), /data="\{"/);
  });

  it("has no body where there is none", () => {
    const asked = { method: "GET", url: "http://127.0.0.1:1/todo", headers: [], body: null };
    assert.equal(LANGUAGES.curl(asked), "curl http://127.0.0.1:1/todo");
    assert.doesNotMatch(LANGUAGES.JavaScript(asked), /body|headers/);
  });
});
