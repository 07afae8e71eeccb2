import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";

import { StreamClient } from "../../../static/streams/index.js";
import { Server, frames, heard, reaches, within } from "./server.js";

let server;
let client;

beforeEach(async () => {
  server = await Server.start();
  client = server.client();
});

afterEach(async () => {
  client.disconnect();
  await server.stop();
  mock.restoreAll();
});

/** A live subscription to the todo/inbox group, and the join it sent. */
async function joined(items = [], sequence = 0) {
  const subscription = client.group("todo", "inbox");
  await server.next("connection");
  const join = await server.next("join");
  server.send(frames.sync(join, sequence, items));
  await reaches(subscription, "live");
  return { subscription, join };
}

describe("a subscription", () => {
  it("is asked for as soon as the connection stands, and leaves when closed", async () => {
    const { subscription, join } = await joined();
    const { subscriptionId, ...rest } = join;
    assert.match(subscriptionId, /^\d+(-\d+){3}$/);
    assert.deepEqual(rest, { streamName: "todo", groupId: "inbox", since: null, batch: true });
    const item = client.item("todo", "inbox", "t1");
    const itemJoin = await server.next("join");
    assert.equal(itemJoin.id, "t1");
    assert.notEqual(itemJoin.subscriptionId, subscriptionId);
    subscription.close();
    assert.deepEqual(await server.next("leave"), { streamName: "todo", groupId: "inbox", subscriptionId });
    item.close();
    assert.equal((await server.next("leave")).id, "t1");
    assert.equal(subscription.status, "closed");
    subscription.close();
  });

  it("tells each listener what it asked for", async () => {
    const { subscription } = await joined([{ id: "t1", v: 0 }], 4);
    const calls = [];
    for (const type of ["*", "create", "update", "delete", "sync", "event", "typing"]) {
      subscription.on(type, (value) => calls.push([type, value]));
    }
    const done = heard(subscription, "typing");
    server.send(
      frames.change("create", 5, { id: "t2" }),
      frames.change("update", 6, { id: "t1", v: 1 }, { previous: 4 }),
      frames.change("delete", 7, { id: "t2" }, { previous: 5 }),
      frames.event("typing", { userId: "u1" }),
    );
    await done;
    assert.deepEqual(calls, [
      ["create", { id: "t2" }],
      ["*", [{ id: "t1", v: 0 }, { id: "t2" }]],
      ["update", { id: "t1", v: 1 }],
      ["*", [{ id: "t1", v: 1 }, { id: "t2" }]],
      ["delete", { id: "t2" }],
      ["*", [{ id: "t1", v: 1 }]],
      ["event", { type: "typing", data: { userId: "u1" } }],
      ["typing", { userId: "u1" }],
    ]);
    assert.deepEqual(subscription.getState(), [{ id: "t1", v: 1 }]);
    assert.deepEqual(subscription.position, { sequence: 7, epoch: "k7" });
  });

  it("begins with what the page knows and asks only for the rest", async () => {
    const initial = { items: [{ id: "t1" }], sequence: 4, epoch: "k4" };
    const subscription = client.group("todo", "inbox", { initial });
    assert.deepEqual(subscription.getState(), [{ id: "t1" }]);
    await server.next("connection");
    const join = await server.next("join");
    assert.deepEqual(join.since, { sequence: 4, epoch: "k4" });
    const calls = [];
    subscription.on("create", (item) => calls.push(item.id));
    subscription.on("*", (items) => calls.push(items.map(({ id }) => id)));
    server.send(frames.resumed(join, 5, [frames.change("create", 5, { id: "t2" })]));
    await reaches(subscription, "live");
    assert.deepEqual(calls, ["t2", ["t1", "t2"]]);
  });

  it("asks for everything when what the page knows has no position", async () => {
    const item = client.item("todo", "inbox", "t1", { initial: { item: { id: "t1" } } });
    await server.next("connection");
    assert.equal((await server.next("join")).since, null);
    assert.deepEqual(item.getState(), { id: "t1" });
  });

  it("asks again, from where it is, when a change is missing", async () => {
    const { subscription, join } = await joined([], 4);
    server.send(frames.change("create", 6, { id: "t2" }), frames.change("create", 7, { id: "t3" }));
    const again = await server.next("join");
    assert.deepEqual(again, { ...join, since: { sequence: 4, epoch: "k4" } });
    const missed = [5, 6, 7].map((sequence) => frames.change("create", sequence, { id: `t${sequence - 4}` }));
    server.send(frames.resumed(join, 7, missed));
    await reaches(subscription, "live");
    assert.deepEqual(subscription.getState().map(({ id }) => id), ["t1", "t2", "t3"]);
  });

  it("is silent once closed, whatever still arrives", async () => {
    const { subscription } = await joined([], 4);
    const witness = client.group("todo", "inbox");
    server.send(frames.sync(await server.next("join"), 4, []));
    await reaches(witness, "live");
    const listener = mock.fn();
    subscription.on("*", listener);
    subscription.on("create", () => subscription.close());
    const seen = heard(witness, "create");
    server.send(frames.change("create", 5, { id: "t1" }));
    await seen;
    assert.equal(listener.mock.callCount(), 0);
  });

  it("shares the connection and the frames with others of the same address, each with an answer of its own", async () => {
    const { subscription: first } = await joined([], 4);
    const second = client.group("todo", "inbox");
    const join = await server.next("join");
    server.send(frames.change("create", 5, { id: "t1" }), frames.sync(join, 5, [{ id: "t1" }]));
    await reaches(second, "live");
    server.send(frames.change("create", 6, { id: "t2" }));
    await heard(second, "create");
    assert.deepEqual(first.getState(), second.getState());
    assert.equal(first.getState().length, 2);
    assert.equal(server.connections, 1);
  });

  it("takes several frames in one message", async () => {
    const { subscription } = await joined([], 4);
    const seen = heard(subscription, "delete");
    server.send([frames.change("create", 5, { id: "t1" }), frames.change("delete", 6, { id: "t1" }, { previous: 5 })]);
    await seen;
    assert.deepEqual(subscription.getState(), []);
  });

  it("goes on when a listener raises and when a frame is not JSON", async () => {
    const reported = mock.method(console, "error", () => {});
    const { subscription } = await joined([], 4);
    subscription.on("create", () => { throw new Error("mine"); });
    const seen = heard(subscription, "*");
    server.send("{bad", "null", "7", frames.change("create", 5, { id: "t1" }));
    await seen;
    assert.deepEqual(reported.mock.calls.map(({ arguments: [error] }) => error.name), ["SyntaxError", "Error"]);
    assert.equal(subscription.getState().length, 1);
  });
});

describe("a refusal", () => {
  const denied = (address, code = "STREAM_ACCESS_DENIED", message = "members only") => ({
    timestamp: 1, ...address, event: { type: "event", event: { type: "error", data: { code, message } } },
  });

  it("reaches the subscription that is next to be answered, and the client's listeners", async () => {
    const { subscription: live } = await joined();
    const first = client.item("todo", "inbox", "t1");
    const second = client.item("todo", "inbox", "t2");
    await server.next("join");
    const join = await server.next("join");
    const told = heard(client, "denied");
    const error = heard(first, "error");
    server.send(denied({ streamName: "todo", groupId: "inbox" }), frames.sync(join, 0, null));
    assert.deepEqual(await error, { code: "STREAM_ACCESS_DENIED", message: "members only" });
    assert.equal((await told).subscription, first);
    await reaches(second, "live");
    assert.deepEqual([live.status, first.status], ["live", "denied"]);
    assert.equal(client.status, "live");
  });

  it("that belongs to no subscription is the client's", async () => {
    client.connect();
    await server.next("connection");
    const told = heard(client, "error");
    server.send(denied({}, "BAD_MESSAGE", "invalid JSON"));
    assert.deepEqual(await told, { code: "BAD_MESSAGE", message: "invalid JSON" });
  });

  it("that nobody listens for is reported", async () => {
    const subscription = client.group("todo", "secret");
    await server.next("connection");
    await server.next("join");
    const reported = new Promise((resolve) => mock.method(console, "error", resolve));
    server.send(denied({ streamName: "todo", groupId: "secret" }));
    assert.match((await within(reported, "the report")).message, /members only \(STREAM_ACCESS_DENIED\)/);
    assert.equal(subscription.status, "denied");
  });
});

describe("the token", () => {
  it("travels as a subprotocol where its characters allow it, else in the query", async () => {
    for (const [token, expected] of [
      ["abc.def", { path: "/streams/", protocols: "Authorization,abc.def" }],
      ["a=b:c", { path: "/streams/?authToken=a%3Db%3Ac", protocols: undefined }],
    ]) {
      const other = server.client({ token });
      await within(other.connect(), "the connection");
      const { path, protocols } = await server.next("connection");
      assert.deepEqual({ path, protocols }, expected);
      other.disconnect();
    }
  });
});

describe("a client", () => {
  it("takes http addresses as well", async () => {
    const other = server.client({ url: `http://127.0.0.1:${server.port}/` });
    await within(other.connect(), "the connection");
    assert.equal((await server.next("connection")).path, "/");
    other.disconnect();
  });

  it("that cannot connect at all says why, to whoever asks and on the console", async () => {
    const reported = mock.method(console, "error", () => {});
    const messages = () => reported.mock.calls.map(({ arguments: [error] }) => error.message);
    const lost = server.client({ url: undefined });
    await assert.rejects(lost.connect(), { name: "ConnectionRefused", message: /give one/ });
    assert.equal(lost.status, "closed");
    await assert.rejects(server.client({ url: "gopher://x" }).connect(), { name: "ConnectionRefused" });
    assert.equal(messages().length, 2);
    assert.match(messages()[0], /give one/);
  });

  it("without a WebSocket class says so", { skip: globalThis.WebSocket && "this Node has one" }, async () => {
    mock.method(console, "error", () => {});
    const message = /no WebSocket here/;
    const only = new StreamClient({ url: server.url, transport: "websocket" });
    await assert.rejects(only.connect(), { name: "ConnectionRefused", message });
  });
});
