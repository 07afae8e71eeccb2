import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { WebSocket, WebSocketServer } from "ws";

import { StreamClient } from "../../../static/streams/index.js";
import { frames, heard, reaches, within } from "./server.js";

/** An HTTP server that sends events, and refuses WebSockets as a proxy does; what was asked stands in `requests`. */
class EventServer {
  requests = [];
  #waiting = [];
  upgrades = 0;
  webSockets = false;
  answer = null;

  async start() {
    this.http = createServer((request, response) => this.#handle(request, response));
    this.sockets = new WebSocketServer({ noServer: true });
    this.http.on("upgrade", (request, socket, head) => {
      this.upgrades += 1;
      if (this.webSockets) this.sockets.handleUpgrade(request, socket, head, () => {});
      else socket.destroy();
    });
    this.http.listen(0, "127.0.0.1");
    await once(this.http, "listening");
    return this;
  }

  get url() {
    return `http://127.0.0.1:${this.http.address().port}`;
  }

  #handle(request, response) {
    const asked = { path: request.url, token: request.headers.authorization, response };
    if (request.headers.accept !== "text/event-stream") {
      response.writeHead(this.answer ?? 200, { "content-type": "application/json" }).end("{}");
      return;
    }
    if (this.answer) {
      response.writeHead(this.answer, { "content-type": "application/json" }).end(JSON.stringify({ error: { code: "STREAM_ACCESS_DENIED", message: "members only" } }));
    } else {
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      response.write("retry: 2000\n\n");
    }
    const waiting = this.#waiting.shift();
    if (waiting) waiting(asked);
    else this.requests.push(asked);
  }

  /** The next subscription that was asked for. */
  async next() {
    return this.requests.shift() ?? within(new Promise((resolve) => this.#waiting.push(resolve)), "a request");
  }

  async stop() {
    this.http.closeAllConnections();
    for (const socket of this.sockets.clients) socket.terminate();
    this.http.close();
    await once(this.http, "close");
  }
}

const event = (frame) => `event: ${frame.event.type}\nid: x\ndata: ${JSON.stringify(frame)}\n\n`;
const address = { streamName: "todo", groupId: "in box/1" };
const sync = (sequence, data, more) => {
  const { subscriptionId, ...frame } = frames.sync(address, sequence, data, more);
  return frame;
};

let server;
let client;

beforeEach(async () => {
  mock.method(Math, "random", () => 0.01); // short waits
  server = await new EventServer().start();
});

afterEach(async () => {
  client.disconnect();
  await server.stop();
  mock.restoreAll();
});

describe("server-sent events", () => {
  beforeEach(() => {
    client = new StreamClient({ url: server.url, transport: "sse", token: "a=b:c" });
  });

  it("carry a subscription as a WebSocket does", async () => {
    const group = client.group("todo", "in box/1");
    const { path, token, response } = await server.next();
    assert.deepEqual([path, token], ["/streams/todo/in%20box%2F1/", "Bearer a=b:c"]);
    const text = event(sync(4, [{ id: "ü", v: 0 }])) + event({ ...frames.change("update", 5, { id: "ü", v: 1 }), ...address });
    const bytes = Buffer.from(text);
    const cut = bytes.indexOf(0xbc); // in the middle of a character
    response.write(bytes.subarray(0, cut));
    response.write(bytes.subarray(cut));
    await heard(group, "update");
    assert.deepEqual(group.getState(), [{ id: "ü", v: 1 }]);
    assert.equal(group.status, "live");
    const typed = heard(group, "typing");
    response.write(`: ping\n\n${event({ ...frames.event("typing", 7), ...address })}`);
    assert.equal(await typed, 7);
    const closed = once(response, "close");
    group.close();
    await within(closed, "the end of the response");
    assert.equal(client.status, "live");
  });

  it("tell each subscription its own events, once", async () => {
    const group = client.group("todo", "in box/1");
    const toGroup = await server.next();
    const item = client.item("todo", "in box/1", "t1");
    const toItem = await server.next();
    assert.equal(toItem.path, "/streams/todo/in%20box%2F1/t1/");
    toGroup.response.write(event(sync(4, [{ id: "t1" }])));
    toItem.response.write(event({ ...sync(4, { id: "t1" }), id: "t1" }));
    await Promise.all([reaches(group, "live"), reaches(item, "live")]);
    const calls = [];
    group.on("reaction", () => calls.push("group"));
    item.on("reaction", () => calls.push("item"));
    const both = [group, item].map((one) => heard(one, "end"));
    for (const type of ["reaction", "end"]) {
      const frame = event({ ...frames.event(type, 1, { id: "t1" }), ...address, id: "t1" });
      toGroup.response.write(frame);
      toItem.response.write(frame);
    }
    await Promise.all(both);
    assert.deepEqual(calls.sort(), ["group", "item"]);
  });

  it("go on from where they were after a cut, with what was missed or with everything", async () => {
    const group = client.group("todo", "in box/1");
    let { response } = await server.next();
    response.write(event(sync(4, [])));
    await reaches(group, "live");
    const lost = heard(client, "disconnected");
    response.destroy();
    await lost;
    let asked = await server.next();
    assert.equal(asked.path, "/streams/todo/in%20box%2F1/?since=k4%3A4");
    asked.response.write(event({ ...frames.change("create", 5, { id: "t1" }), ...address }));
    await heard(group, "create");
    assert.deepEqual(group.getState(), [{ id: "t1" }]);
    asked.response.destroy();
    asked = await server.next();
    const told = [];
    client.on("resynced", ({ reason }) => told.push(reason));
    const replaced = heard(group, "sync");
    asked.response.write(event(sync(9, [{ id: "t9" }], { resync: "trimmed" })));
    assert.deepEqual(await replaced, [{ id: "t9" }]);
    assert.equal(told.at(-1), "trimmed");
  });

  it("say who is refused", async () => {
    const denied = heard(client, "denied");
    client.connect();
    await heard(client, "connected");
    server.answer = 403;
    const group = client.group("todo", "secret");
    const { subscription, code, message } = await denied;
    assert.deepEqual([subscription, code, message], [group, "STREAM_ACCESS_DENIED", "members only"]);
    assert.deepEqual([client.status, group.status], ["live", "denied"]);
  });

  it("end for good when the server refuses a token that is the only one", async () => {
    mock.method(console, "error", () => {});
    server.answer = 401;
    const group = client.group("todo", "in box/1");
    await assert.rejects(within(client.connect(), "the refusal"), { name: "ConnectionRefused", code: 4401 });
    assert.deepEqual([client.status, group.status], ["closed", "denied"]);
  });

  it("ask for a token for every response: one that is good only once is enough", async () => {
    let number = 0;
    client = new StreamClient({ url: server.url, transport: "sse", token: () => `t${(number += 1)}` });
    const group = client.group("todo", "in box/1");
    const { token, response } = await server.next();
    assert.equal(token, "Bearer t2"); // the first was used up by looking whether the server is there
    response.write(event(sync(4, [])));
    await reaches(group, "live");
  });

  it("are heard by their comments: a line without them is given up", async () => {
    client = new StreamClient({ url: server.url, transport: "sse", heartbeat: 60 });
    const group = client.group("todo", "in box/1");
    const { response } = await server.next();
    response.write(event(sync(4, [])));
    await reaches(group, "live");
    await heard(client, "disconnected");
    await server.next();
  });
});

describe("a WebSocket that is blocked", () => {
  it("is replaced by server-sent events", async () => {
    client = new StreamClient({ url: server.url, WebSocket });
    const group = client.group("todo", "in box/1");
    const { response } = await server.next();
    assert.ok(server.upgrades >= 2, "HTTP was seen to work before a WebSocket failed");
    response.write(event(sync(4, [])));
    await reaches(group, "live");
    const { upgrades } = server;
    response.destroy();
    await server.next();
    assert.equal(server.upgrades, upgrades);
  });

  it("is not, when only the server was away", async () => {
    client = new StreamClient({ url: server.url, WebSocket });
    server.answer = 503;
    client.connect();
    while (server.upgrades < 3) await heard(client, "status");
    server.webSockets = true;
    await heard(client, "connected");
    assert.equal(server.sockets.clients.size, 1);
  });

  it("is not, when the server refuses the token: without another one that is the end", async () => {
    mock.method(console, "error", () => {});
    server.answer = 401;
    client = new StreamClient({ url: server.url, WebSocket, token: "expired" });
    await assert.rejects(within(client.connect(), "the refusal"), { name: "ConnectionRefused", code: 4401 });
    let asked = 0;
    client = new StreamClient({ url: server.url, WebSocket, token: () => `t${(asked += 1)}` });
    client.connect();
    while (asked < 6) await heard(client, "status");
    server.webSockets = true;
    await heard(client, "connected");
  });

  it("is not, when it has worked before or nothing else is wanted", async () => {
    server.webSockets = true;
    client = new StreamClient({ url: server.url, WebSocket });
    await within(client.connect(), "the connection");
    server.webSockets = false;
    const { upgrades } = server;
    for (const socket of server.sockets.clients) socket.terminate();
    while (server.upgrades < upgrades + 4) await heard(client, "status");
    server.webSockets = true;
    await heard(client, "connected");
    assert.equal(server.sockets.clients.size, 1);
    client.disconnect();

    server.webSockets = false;
    client = new StreamClient({ url: server.url, WebSocket, transport: "websocket" });
    client.connect();
    while (server.upgrades < upgrades + 9) await heard(client, "status");
    assert.notEqual(client.status, "live");
  });

  it("need not be there at all", { skip: globalThis.WebSocket && "this Node has one" }, async () => {
    client = new StreamClient({ url: server.url });
    await within(client.connect(), "the connection");
    assert.equal(client.status, "live");
  });
});
