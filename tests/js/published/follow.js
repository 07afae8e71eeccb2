/**
 * The published Node client as a program: `node follow.js ws://127.0.0.1:3000`.
 *
 * Commands come as JSON lines on stdin, the program ends with it:
 *   {"sub": {"as": "G", "stream": "todo", "group": "inbox", "id"?: "t1", "events"?: ["typing"]}}
 *   {"close": "G"}
 * What the client shows its user goes as JSON lines to stdout:
 *   {"socket": "open" | "close" | "error"}
 *   {"as": "G", "state": [...]}                 after each change, as the change listener gets it
 *   {"as": "G", "type": "typing", "data": ...}  for each custom event asked for
 */
import { createInterface } from "node:readline";
import { Stream } from "@motiadev/stream-client-node";

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/**
 * The client as published; only its socket gets listeners. The one for "error" is what every user of this client needs:
 * without it a refused connection is an uncaught exception, and the client never tries again.
 */
class ToldStream extends Stream {
  createSocket() {
    const adapter = super.createSocket();
    for (const name of ["open", "close", "error"]) adapter.ws.on(name, () => say({ socket: name }));
    return adapter;
  }
}

const stream = new ToldStream(process.argv[2]);
const subscriptions = new Map();

const commands = {
  sub({ as, stream: name, group, id, events = [] }) {
    const subscription =
      id === undefined ? stream.subscribeGroup(name, group) : stream.subscribeItem(name, group, id);
    subscription.addChangeListener((state) => say({ as, state }));
    for (const type of events) subscription.onEvent(type, (data) => say({ as, type, data }));
    subscriptions.set(as, subscription);
  },
  close(as) {
    subscriptions.get(as).close();
  },
};

const input = createInterface({ input: process.stdin });
input.on("line", (line) => {
  for (const [name, argument] of Object.entries(JSON.parse(line))) commands[name](argument);
});
input.on("close", () => process.exit(0));
