import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, beforeEach, describe, it, mock } from "node:test";

import { Server, frames, heard, reaches, within } from "./server.js";

let server;
let client;

beforeEach(async () => {
  mock.method(Math, "random", () => 0.01); // short waits
  server = await Server.start();
  client = server.client();
});

afterEach(async () => {
  client.disconnect();
  await server.stop();
  mock.restoreAll();
});

async function restarted(port) {
  await server.stop();
  server = await Server.start(port);
}

describe("a lost connection", () => {
  it("is made again, and every subscription goes on from where it was", async () => {
    const group = client.group("todo", "inbox");
    const item = client.item("todo", "other", "t9");
    await server.next("connection");
    const joins = [await server.next("join"), await server.next("join")];
    server.send(frames.sync(joins[0], 4, [{ id: "t1" }]), frames.sync(joins[1], 0, null));
    await reaches(group, "live");
    await reaches(item, "live");
    const told = ["disconnected", "connected"].map((type) => heard(client, type));
    const resynced = [];
    client.on("resynced", ({ subscription, reason }) => resynced.push([subscription, reason]));

    const { port } = server;
    await server.stop();
    await told[0];
    assert.deepEqual([group.status, item.status], ["stale", "stale"]);
    assert.deepEqual(group.getState(), [{ id: "t1" }]);
    server = await Server.start(port);
    await told[1];

    await server.next("connection");
    const again = [await server.next("join"), await server.next("join")];
    assert.deepEqual(again[0], { ...joins[0], since: { sequence: 4, epoch: "k4" } });
    assert.deepEqual(again[1], { ...joins[1], since: { sequence: 0, epoch: "k0" } });
    server.send(frames.resumed(again[0], 5, [frames.change("delete", 5, { id: "t1" })]));
    server.send(frames.sync(again[1], 7, { id: "t9" }, { resync: "trimmed" }));
    await reaches(group, "live");
    await reaches(item, "live");
    assert.deepEqual([group.getState(), item.getState()], [[], { id: "t9" }]);
    assert.deepEqual(resynced, [[group, "resumed"], [item, "trimmed"]]);
  });

  it("is tried again until the server is there, and connect() waits for it", async () => {
    const { port } = server;
    await server.stop();
    const statuses = [];
    client.on("status", (status) => statuses.push(status));
    const connected = client.connect();
    while (statuses.filter((status) => status === "offline").length < 3) await heard(client, "status");
    server = await Server.start(port);
    await within(connected, "the connection");
    assert.equal(client.status, "live");
    assert.deepEqual(statuses.slice(0, 3), ["connecting", "offline", "connecting"]);
  });

  it("comes back after a restart and an overload, but not where the server asks to stay away", async () => {
    await within(client.connect(), "the connection");
    for (const code of [1000, 4012, 4013, 4401]) {
      await server.next("connection");
      const again = heard(client, "connected");
      server.socket.close(code);
      await again;
    }
    await server.next("connection");
    const refused = heard(client, "disconnected");
    const reported = new Promise((resolve) => mock.method(console, "error", resolve));
    server.socket.close(4508, "too many bad messages");
    await refused;
    assert.equal(client.status, "closed");
    const { name, code, message } = await within(reported, "the report");
    assert.deepEqual([name, code, message], ["ConnectionRefused", 4508, "too many bad messages"]);
    await within(client.connect(), "the connection that is asked for by hand");
  });

  it("is not made again in the name of a token that has expired, when there is no way to get another", async () => {
    client = server.client({ token: "fixed" });
    const group = client.group("todo", "inbox");
    await server.next("connection");
    server.send(frames.sync(await server.next("join"), 4, [{ id: "t1" }]));
    await reaches(group, "live");
    const reported = new Promise((resolve) => mock.method(console, "error", resolve));
    const denied = heard(client, "denied");
    const statuses = [];
    client.on("status", (status) => statuses.push(status));
    server.socket.close(4401, "the token has expired");
    assert.deepEqual(await denied, { subscription: group, code: "TOKEN_EXPIRED", message: "the token has expired" });
    assert.equal((await within(reported, "the report")).code, 4401);
    assert.deepEqual([client.status, group.status, statuses], ["closed", "denied", ["closed"]]);
    assert.deepEqual(group.getState(), [{ id: "t1" }]);
    // asked for by hand it goes on from where it was
    await within(client.connect(), "the connection");
    await server.next("connection");
    assert.deepEqual((await server.next("join")).since, { sequence: 4, epoch: "k4" });
  });

  it("is waited for longer and longer, and shortly again after a connection that held", async (t) => {
    await within(client.connect(), "the connection");
    const waits = [];
    const setTimeoutReal = globalThis.setTimeout;
    t.mock.method(Math, "random", () => 1);
    t.mock.method(globalThis, "setTimeout", (callback, wait, ...rest) => {
      const isBackoff = [250, 500, 1000, 2000, 4000, 8000, 15_000].includes(wait);
      if (isBackoff) waits.push(wait);
      return setTimeoutReal(callback, isBackoff ? 1 : wait, ...rest);
    });
    const lose = async () => {
      const again = heard(client, "connected");
      for (const socket of server.listener.clients) socket.terminate();
      await again;
    };
    for (let times = 0; times < 8; times += 1) await lose();
    const now = Date.now();
    t.mock.method(Date, "now", () => now + 60_000);
    await lose();
    assert.deepEqual(waits, [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 250]);
  });
});

describe("disconnect()", () => {
  it("keeps what is known for the next connect()", async () => {
    const group = client.group("todo", "inbox");
    await server.next("connection");
    server.send(frames.sync(await server.next("join"), 4, [{ id: "t1" }]));
    await reaches(group, "live");
    const ended = once(server.socket, "close");
    client.disconnect();
    assert.deepEqual([client.status, group.status], ["idle", "stale"]);
    assert.equal((await ended)[0], 1000);
    const late = client.group("todo", "late");
    assert.equal(client.status, "idle");
    await within(client.connect(), "the connection");
    await server.next("connection");
    assert.deepEqual((await server.next("join")).since, { sequence: 4, epoch: "k4" });
    assert.equal((await server.next("join")).groupId, "late");
    late.close();
  });

  it("while connecting is final, and tells who waits", async () => {
    const connected = client.connect();
    client.disconnect();
    await assert.rejects(connected, { name: "ConnectionRefused", message: "disconnected" });
    assert.equal(client.status, "idle");
  });

  it("works in the middle of the client's own callbacks", async () => {
    for (const wanted of ["connecting", "live", "offline"]) {
      const other = server.client();
      const off = other.on("status", (status) => status === wanted && other.disconnect());
      const reached = new Promise((resolve) => other.on("status", (status) => status === "idle" && resolve()));
      other.connect();
      if (wanted === "offline") {
        await heard(other, "connected");
        for (const socket of server.listener.clients) socket.terminate();
      }
      await within(reached, "idle");
      off();
      assert.equal(other.status, "idle");
    }
  });
});

describe("a Node process", () => {
  it("does not end when the server is down, when it goes away, or when nobody looks at connect()", async () => {
    const { port } = server;
    await server.stop();
    const script = `
      import { WebSocket } from "ws";
      import { StreamClient } from "../../static/streams/index.js";
      const client = new StreamClient({ url: "ws://127.0.0.1:${port}/", WebSocket });
      Math.random = () => 0.01;
      for (const type of ["status", "disconnected"]) client.on(type, (value) => console.log(value ?? type));
      client.connect();
      client.group("todo", "inbox").on("sync", () => { throw new Error("mine"); });
      process.on("SIGTERM", () => { client.connect(); client.disconnect(); });
    `;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      cwd: new URL("..", import.meta.url),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = once(child, "exit");
    let output = "";
    let look = () => {};
    child.stdout.setEncoding("utf8").on("data", (text) => { output += text; look(); });
    const says = (wanted) => within(new Promise((resolve) => {
      look = () => wanted.test(output) && resolve();
      look();
    }), String(wanted));
    try {
      await says(/(offline\nconnecting\n){2}/);
      server = await Server.start(port);
      await server.next("connection");
      server.send(frames.sync(await server.next("join"), 0, []));
      await says(/live\n/);
      await restarted(port);
      await says(/disconnected\n[^]*live\n/);
      child.kill("SIGTERM");
      assert.deepEqual(await within(ended, "the end"), [0, null]);
    } finally {
      child.kill("SIGKILL");
    }
  });
});
