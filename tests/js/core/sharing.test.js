import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, beforeEach, describe, it, mock } from "node:test";

import { connectStream } from "../../../static/streams/index.js";
import { WebSocket } from "ws";
import { Server, frames, heard, reaches, within } from "./server.js";

let server;

beforeEach(async () => {
  server = await Server.start();
});

afterEach(async () => {
  await server.stop();
  mock.restoreAll();
});

describe("clients of one address", () => {
  it("share one connection, each with its own subscriptions and its own end", async () => {
    const [one, other] = [server.client(), server.client()];
    const first = one.group("todo", "inbox");
    await server.next("connection");
    server.send(frames.sync(await server.next("join"), 4, []));
    await reaches(first, "live");

    const told = heard(other, "connected");
    const connected = other.connect();
    await within(connected, "the connection that is there");
    await told;
    assert.equal(other.status, "live");
    const second = other.group("todo", "inbox");
    const join = await server.next("join");
    server.send(frames.sync(join, 4, []));
    await reaches(second, "live");
    server.send(frames.change("create", 5, { id: "t1" }));
    await heard(second, "create");
    assert.deepEqual(first.getState(), [{ id: "t1" }]);
    assert.equal(server.connections, 1);

    other.disconnect();
    assert.deepEqual(await server.next("leave"), { streamName: "todo", groupId: "inbox", subscriptionId: join.subscriptionId });
    assert.deepEqual([one.status, other.status, first.status, second.status], ["live", "idle", "live", "stale"]);
    server.send(frames.change("create", 6, { id: "t2" }));
    await heard(first, "create");
    assert.equal(second.getState().length, 1);

    other.connect();
    assert.deepEqual((await server.next("join")).since, { sequence: 5, epoch: "k5" });
    const ended = once(server.socket, "close");
    one.disconnect();
    await server.next("leave");
    assert.equal(other.status, "live");
    other.disconnect();
    await within(ended, "the end of the connection");
  });

  it("that are somebody else do not", async () => {
    const clients = [server.client(), server.client({ token: "a" }), server.client({ token: "b" })];
    for (const client of clients) await within(client.connect(), "a connection");
    assert.equal(server.connections, 3);
    for (const client of clients) client.disconnect();
  });

  it("are all told what belongs to no subscription, and that the server asks to stay away", async () => {
    mock.method(console, "error", () => {});
    const clients = [server.client(), server.client()];
    for (const client of clients) await within(client.connect(), "the connection");
    const told = clients.map((client) => heard(client, "error"));
    const refusal = { code: "BAD_MESSAGE", message: "invalid JSON" };
    server.send({ timestamp: 1, event: { type: "event", event: { type: "error", data: refusal } } });
    assert.deepEqual(await Promise.all(told), [refusal, refusal]);
    const ended = clients.map((client) => heard(client, "disconnected"));
    server.socket.close(4508);
    await Promise.all(ended);
    assert.deepEqual(clients.map(({ status }) => status), ["closed", "closed"]);
    for (const client of clients) client.disconnect();
  });

  it("do not take part in what the others do before they connect", async () => {
    const [one, other] = [server.client(), server.client()];
    await within(one.connect(), "the connection");
    assert.equal(other.status, "idle");
    one.disconnect();
  });
});

describe("connectStream()", () => {
  it("follows a group with a token, tells its events by name, and ends with close()", async () => {
    const documents = connectStream("documents", {
      url: server.url, WebSocket, groupId: "workspace-1", auth: { token: "u42" },
    });
    assert.equal((await server.next("connection")).protocols, "Authorization,u42");
    const join = await server.next("join");
    server.send(frames.sync(join, 0, []));
    await reaches(documents, "live");
    const address = { streamName: "documents", groupId: "workspace-1" };
    const told = ["create", "notification"].map((type) => heard(documents, type));
    server.send({ ...frames.change("create", 1, { id: "d1" }), ...address });
    server.send(frames.event("notification", { message: "m" }, { ...address, id: "d1" }));
    assert.deepEqual(await Promise.all(told), [{ id: "d1" }, { message: "m" }]);
    const ended = once(server.socket, "close");
    documents.close();
    await server.next("leave");
    await within(ended, "the end of the connection");
  });

  it("follows one item with an id", async () => {
    const item = connectStream("documents", { url: server.url, WebSocket, groupId: "w", id: "d1" });
    await server.next("connection");
    const join = await server.next("join");
    assert.equal(join.id, "d1");
    server.send(frames.sync(join, 3, { id: "d1" }));
    await reaches(item, "live");
    assert.deepEqual(item.getState(), { id: "d1" });
    item.close();
  });
});
