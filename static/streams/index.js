/**
 * Millrace: real-time streams for Django, in the browser and in Node.
 *
 *     import { StreamClient } from "millrace";
 *     const todos = new StreamClient().group("todo", "inbox");
 *     todos.on("*", (items) => render(items));
 */
export { StreamClient, connectStream } from "./client.js";
export { ConnectionRefused } from "./refusal.js";
export { Subscription } from "./subscription.js";
