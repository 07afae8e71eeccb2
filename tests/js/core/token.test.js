import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, it, mock } from "node:test";

import { Server, frames, heard, reaches, within } from "./server.js";

let server;
let client;

beforeEach(async () => {
  mock.method(Math, "random", () => 0.01); // short waits
  server = await Server.start();
});

afterEach(async () => {
  client.disconnect();
  await server.stop();
  mock.restoreAll();
});

const protocols = async () => (await server.next("connection")).protocols;

describe("a token callback", () => {
  it("is asked for every connection, so that an expired token costs a reconnect and no more", async () => {
    let number = 0;
    client = server.client({ token: async () => `t${(number += 1)}` });
    const group = client.group("todo", "inbox");
    assert.equal(await protocols(), "Authorization,t1");
    server.send(frames.sync(await server.next("join"), 4, []));
    await reaches(group, "live");
    const errors = [];
    client.on("error", (error) => errors.push(error));
    server.send({
      timestamp: 1, event: { type: "event", event: { type: "error", data: { code: "TOKEN_EXPIRED", message: "" } } },
    });
    server.socket.close(4401);
    assert.equal(await protocols(), "Authorization,t2");
    assert.deepEqual((await server.next("join")).since, { sequence: 4, epoch: "k4" });
    assert.deepEqual(errors, []);
  });

  it("that fails is reported and asked again", async () => {
    const reported = mock.method(console, "error", () => {});
    let tries = 0;
    client = server.client({ token: () => { if ((tries += 1) < 3) throw new Error("logged out"); return "good"; } });
    await within(client.connect(), "the connection");
    assert.equal(await protocols(), "Authorization,good");
    assert.deepEqual(reported.mock.calls.map(({ arguments: [error] }) => error.message), ["logged out", "logged out"]);
  });

  it("renews a token that says when it expires, over the open connection", async () => {
    let number = 0;
    const token = () => ({ token: `t${(number += 1)}`, expiresAt: number === 1 ? Date.now() + 1000 : undefined });
    client = server.client({ token });
    await within(client.connect(), "the connection");
    assert.equal(await protocols(), "Authorization,t1");
    assert.deepEqual(await server.next("refresh"), { token: "t2" });
    server.send({ type: "refreshed" });
    assert.equal(server.connections, 1);
  });

  it("that knows nobody goes by the session", async () => {
    client = server.client({ token: async () => null });
    await within(client.connect(), "the connection");
    assert.equal(await protocols(), undefined);
  });

  it("whose answer comes after disconnect() is not asked for another, and keeps no process alive", async () => {
    const script = `
      import { WebSocket } from "ws";
      import { StreamClient } from "../../static/streams/index.js";
      let give, asked = 0;
      const token = () => { asked += 1; return new Promise((resolve) => { give = resolve; }); };
      const client = new StreamClient({ url: "${server.url}", WebSocket, token });
      client.connect();
      client.disconnect();
      give({ token: "late", expiresAt: Date.now() + 3_600_000 });
      process.on("exit", () => console.log(asked, client.status));
    `;
    client = server.client();
    const run = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], {
      cwd: new URL("..", import.meta.url),
    });
    assert.equal((await within(run, "the end of the process")).stdout, "1 idle\n");
    assert.equal(server.connections, 0);
  });

  it("whose answer comes after disconnect() connects nobody", async () => {
    let give;
    client = server.client({ token: () => new Promise((resolve) => { give = resolve; }) });
    client.connect();
    client.disconnect();
    give("late");
    const other = server.client();
    await within(other.connect(), "the other connection");
    assert.equal(await protocols(), undefined);
    assert.equal(server.connections, 1);
    other.disconnect();
  });
});
