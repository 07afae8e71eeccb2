/** What the published Node client says on a real socket, and how it comes back: the half that vectors cannot show. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Stream } from "@motiadev/stream-client-node";
import { WebSocketServer } from "ws";

/** A server on a free port. */
async function listen() {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  return server;
}

async function message(socket) {
  const [data] = await once(socket, "message");
  return JSON.parse(data.toString());
}

test("the Node client connects to a bare address, joins, follows, leaves", async () => {
  const server = await listen();
  const connected = once(server, "connection");
  const stream = new Stream(`ws://127.0.0.1:${server.address().port}`);
  try {
    const [socket, request] = await connected;
    assert.equal(request.url, "/");
    const joined = message(socket);
    const group = stream.subscribeGroup("todo", "inbox");
    const join = await joined;
    assert.deepEqual(Object.keys(join.data).sort(), ["groupId", "streamName", "subscriptionId"]);
    const changed = new Promise((resolve) => group.addChangeListener(resolve));
    const { streamName, groupId } = join.data;
    socket.send(JSON.stringify({ streamName, groupId, event: { type: "sync", data: [{ id: "a" }] } }));
    assert.deepEqual(await changed, [{ id: "a" }]);
    const left = message(socket);
    group.close();
    assert.deepEqual(await left, { type: "leave", data: join.data });
  } finally {
    stream.close();
    server.close();
  }
});

test("after a cut it comes back by itself and joins with the same subscription id", async () => {
  const server = await listen();
  const connected = once(server, "connection");
  const stream = new Stream(`ws://127.0.0.1:${server.address().port}`);
  try {
    const [socket] = await connected;
    const joined = message(socket);
    stream.subscribeItem("todo", "inbox", "t1");
    const first = await joined;
    const again = once(server, "connection").then(([next]) => message(next));
    socket.terminate();
    assert.deepEqual(await again, first);
  } finally {
    stream.close();
    server.close();
  }
});

test("offers its protocols, and the server's echo completes the handshake", async () => {
  const server = new WebSocketServer({
    host: "127.0.0.1",
    port: 0,
    handleProtocols: (offered) => (offered.has("Authorization") ? "Authorization" : false),
  });
  await once(server, "listening");
  const connected = once(server, "connection");
  const stream = new Stream(`ws://127.0.0.1:${server.address().port}`, { protocols: ["Authorization", "tok"] });
  try {
    const [socket, request] = await connected;
    assert.equal(request.headers["sec-websocket-protocol"], "Authorization,tok");
    assert.equal(socket.protocol, "Authorization");
    const joined = message(socket);
    stream.subscribeGroup("todo", "inbox");
    assert.equal((await joined).type, "join");
  } finally {
    stream.close();
    server.close();
  }
});
