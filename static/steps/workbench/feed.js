/**
 * What changed, told live: `follow("runs", (news) => …)`. The news say what, pages read the rows.
 *
 * A page may hear too much (once per moment is enough: `refreshing`) and too little (a lost connection): then `null`
 * says "look again yourself", and it is said by the clock as long as nothing is live.
 */
import { StreamClient } from "../../streams/index.js";
import { config } from "./page.js";

const WORDS = { live: "Live", connecting: "Connecting", offline: "Offline: looking every 5 seconds" };
const OFFLINE_MS = 5000;
const SILENT_MS = 30_000;

const { topics, stream, url } = config.feed;
const listeners = new Map();
const subscriptions = new Map();
let client = null;

/**
 * Hear of *topic*: `runs`, `streams` or `processes`. The listener gets the list of what changed, and null when there
 * may be more than that.
 * @param {string} topic @param {(news: object[] | null) => void} listener @returns {() => void} ends it
 */
export function follow(topic, listener) {
  if (!(topic in topics)) return () => {}; // the user may not
  if (!listeners.has(topic)) listeners.set(topic, new Set());
  listeners.get(topic).add(listener);
  if (!subscriptions.has(topic)) subscribe(topic);
  return () => listeners.get(topic).delete(listener);
}

/**
 * Follow *topics* and call *refresh* when something changed, at most once per *ms* and never twice at a time.
 * @param {string[]} names @param {() => Promise<unknown>} refresh @param {number} [ms]
 */
export function refreshing(names, refresh, ms = 400) {
  let due = false;
  let busy = false;
  const go = async () => {
    if (busy || document.hidden) {
      due = true; // nobody looks: once more when somebody does
      return;
    }
    busy = true;
    due = false;
    await Promise.allSettled([refresh(), new Promise((done) => setTimeout(done, ms))]);
    busy = false;
    if (due) go();
  };
  for (const name of names) follow(name, go);
  document.addEventListener("visibilitychange", () => due && !busy && go());
  go();
  return go;
}

function subscribe(topic) {
  client ??= connected();
  const subscription = client.group(stream, topics[topic]);
  subscriptions.set(topic, subscription);
  subscription.on(topic, (data) => tell(topic, data.more ? [...data[topic], null] : data[topic]));
  subscription.on("sync", () => tell(topic, null));
  subscription.onStatus(showStatus);
}

function connected() {
  const made = new StreamClient({ url });
  made.on("status", showStatus);
  setInterval(() => {
    if (!isLive() && !document.hidden) for (const topic of listeners.keys()) tell(topic, null);
  }, OFFLINE_MS);
  setInterval(() => {
    if (isLive() && !document.hidden) for (const topic of listeners.keys()) tell(topic, null);
  }, SILENT_MS);
  return made;
}

function tell(topic, news) {
  const list = news === null ? null : news.filter((item) => item !== null);
  for (const listener of [...listeners.get(topic)]) {
    if (list !== null && list.length > 0) listener(list);
    if (news === null || news.length > list.length) listener(null);
  }
}

const isLive = () => [...subscriptions.values()].every((one) => one.status === "live");

function showStatus() {
  const shown = document.getElementById("wb-live");
  if (shown === null) return;
  const waits = [...subscriptions.values()].some((one) => one.status === "joining");
  const status = isLive() ? "live" : waits && client.status !== "offline" ? "connecting" : "offline";
  if (shown.dataset.status === status) return;
  shown.dataset.status = status;
  shown.textContent = WORDS[status];
}
