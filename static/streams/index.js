/** Millrace: real-time streams for Django, in the browser and in Node. Documented in index.d.ts and docs/clients.md. */
export { StreamClient, connectStream } from "./client.js";
export { ConnectionRefused } from "./refusal.js";
export { Subscription } from "./subscription.js";
