import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";

import { Server, frames, heard, reaches, within } from "./server.js";

let server;
let client;

beforeEach(async () => {
  mock.method(Math, "random", () => 0.01); // short waits
  server = await Server.start();
  client = server.client({ heartbeat: 60 });
});

afterEach(async () => {
  client.disconnect();
  await server.stop();
  mock.restoreAll();
  delete globalThis.addEventListener;
  delete globalThis.removeEventListener;
  delete globalThis.document;
});

describe("a silent connection", () => {
  it("is asked whether it is there, and stays when it answers", async () => {
    const lost = mock.fn();
    client.on("disconnected", lost);
    await within(client.connect(), "the connection");
    await server.next("connection");
    for (let round = 0; round < 3; round += 1) {
      await server.next("ping");
      server.send({ type: "pong" });
    }
    assert.equal(lost.mock.callCount(), 0);
    assert.equal(server.connections, 1);
  });

  it("that does not answer is given up and made again", async () => {
    const group = client.group("todo", "inbox");
    await server.next("connection");
    server.send(frames.sync(await server.next("join"), 4, []));
    await reaches(group, "live");
    const lost = heard(client, "disconnected");
    await server.next("ping"); // and no pong: the line is dead
    await lost;
    await server.next("connection");
    assert.deepEqual((await server.next("join")).since, { sequence: 4, epoch: "k4" });
  });

  it("to a server that knows no pings stays", async () => {
    const group = client.group("todo", "inbox");
    const lost = mock.fn();
    client.on("disconnected", lost);
    await server.next("connection");
    const { streamName, groupId } = await server.next("join");
    server.send({ timestamp: 5, streamName, groupId, event: { type: "sync", data: [{ id: "x" }] } });
    await reaches(group, "live");
    for (let round = 0; round < 3; round += 1) await server.next("ping");
    assert.equal(lost.mock.callCount(), 0);
  });
});

describe("a page", () => {
  /** What a browser has and Node has not: a page whose network comes and goes. */
  function page() {
    const target = new EventTarget();
    globalThis.addEventListener = target.addEventListener.bind(target);
    globalThis.removeEventListener = target.removeEventListener.bind(target);
    return target;
  }

  it("whose network is back connects at once", async () => {
    const target = page();
    client = server.client({ heartbeat: 60_000 });
    await within(client.connect(), "the connection");
    await server.next("connection");
    mock.method(Math, "random", () => 1e6); // it would wait for minutes
    const lost = heard(client, "disconnected");
    server.socket.terminate();
    await lost;
    target.dispatchEvent(new Event("offline"));
    assert.equal(client.status, "offline");
    const back = heard(client, "connected");
    target.dispatchEvent(new Event("online"));
    await back;
  });

  it("that is shown again asks whether the server is still there, one that is hidden does not", async () => {
    const target = page();
    client = server.client({ heartbeat: 60_000 });
    await within(client.connect(), "the connection");
    await server.next("connection");
    globalThis.document = { hidden: true };
    target.dispatchEvent(new Event("visibilitychange"));
    client.group("todo", "inbox");
    await server.next("join"); // and no ping before it
    globalThis.document = { hidden: false };
    target.dispatchEvent(new Event("visibilitychange"));
    await server.next("ping");
  });

  it("that wakes up asks whether the server is still there", async () => {
    const target = page();
    client = server.client({ heartbeat: 60_000 });
    await within(client.connect(), "the connection");
    await server.next("connection");
    target.dispatchEvent(new Event("pageshow"));
    await server.next("ping");
    client.disconnect();
    target.dispatchEvent(new Event("online"));
    assert.equal(client.status, "idle");
  });
});
