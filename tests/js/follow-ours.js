/**
 * Our client on Node as a program: `node follow-ours.js ws://127.0.0.1:3000 [options as JSON]`.
 *
 * Commands come as JSON lines on stdin, the program ends with it:
 *   {"sub": {"as": "G", "stream": "todo", "group": "inbox", "id"?: "t1"}}
 *   {"connectStream": {"as": "G", "stream": "vault", "options": {...}}}
 *   {"close": "G"}  {"connect": null}  {"disconnect": null}
 * What it tells its user goes as JSON lines to stdout:
 *   {"socket": "open" | "close"} for connected and disconnected, {"resynced": reason}, {"denied": code}
 *   {"as": "G", "state": ...}                     after each change
 *   {"as": "G", "type": "create", "data": ...}    what listeners of that type get
 *   {"as": "G", "status": "live"}
 */
import { createInterface } from "node:readline";
import { WebSocket } from "ws";

import { StreamClient, connectStream } from "../../static/streams/index.js";

const [url, options = "{}"] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const settings = { url, WebSocket, ...JSON.parse(options) };
if (settings.tokens) {
  const { tokens } = settings;
  settings.token = async () => tokens.shift() ?? null;
}
if (settings.headers) {
  settings.WebSocket = class extends WebSocket {
    constructor(address, protocols) {
      super(address, protocols, { headers: settings.headers });
    }
  };
}
const client = new StreamClient(settings);
client.on("connected", () => say({ socket: "open" }));
client.on("disconnected", () => say({ socket: "close" }));
client.on("resynced", ({ reason }) => say({ resynced: reason }));
client.on("denied", ({ code }) => say({ denied: code }));

const subscriptions = new Map();

function follow(as, subscription) {
  subscriptions.set(as, subscription);
  subscription.on("*", (state) => say({ as, state }));
  for (const type of ["create", "update", "delete", "sync", "event", "notification"]) {
    subscription.on(type, (data) => say({ as, type, data }));
  }
  subscription.onStatus((status) => say({ as, status, state: subscription.getState() }));
}

const commands = {
  sub: ({ as, stream, group, id }) => {
    follow(as, id === undefined ? client.group(stream, group) : client.item(stream, group, id));
  },
  connectStream: ({ as, stream, options: given }) => follow(as, connectStream(stream, { url, WebSocket, ...given })),
  close: (as) => subscriptions.get(as).close(),
  connect: () => client.connect().then(() => say({ connect: "done" })),
  disconnect: () => client.disconnect(),
};

const input = createInterface({ input: process.stdin });
input.on("line", (line) => {
  for (const [name, argument] of Object.entries(JSON.parse(line))) commands[name](argument);
});
input.on("close", () => process.exit(0));
