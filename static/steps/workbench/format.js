/** Numbers, times and states as people read them; the same on every page. */
import { h } from "./page.js";

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

/** 1234.5 -> "1,235"; 3.25 -> "3.3". */
export const number = (value) => (Math.abs(value) < 10 ? short : whole).format(value);

/** A number that was counted up to a bound: "1,000+". */
export const counted = (value, most) => (value > most ? `${whole.format(most)}+` : whole.format(value));

/** Milliseconds -> "0.8 ms", "320 ms", "4.2 s", "3 min". */
export function duration(ms) {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return "–";
  if (ms < 1000) return `${number(ms)} ms`;
  if (ms < 60_000) return `${short.format(ms / 1000)} s`;
  return ms < 3_600_000 ? `${whole.format(ms / 60_000)} min` : `${short.format(ms / 3_600_000)} h`;
}

/** Bytes -> "512 B", "1.4 KB". */
export const size = (bytes) =>
  bytes < 1024 ? `${bytes} B` : bytes < 1048576 ? `${short.format(bytes / 1024)} KB` : `${short.format(bytes / 1048576)} MB`;

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

/** A `<time>` with the clock, and date and milliseconds on top of it. @param {string | number} moment */
export function time(moment) {
  const date = new Date(moment);
  const today = date.toDateString() === new Date().toDateString();
  const text = today ? clock.format(date) : `${date.toLocaleDateString()} ${clock.format(date)}`;
  return h("time", { datetime: date.toISOString(), title: date.toISOString() }, text);
}

const STATES = {
  ready: "waiting", running: "running", done: "done", skipped: "skipped",
  dead: "dead letter", failed: "failed request", cancelled: "cancelled",
};

/** What a run's state is called. */
export const stateName = (state) => STATES[state] ?? state;

/** A badge with the state of a run. */
export const badge = (state) => h("span", { class: "wb-badge", "data-state": state }, stateName(state));

/** The data of a log line in a few words: `petId="4" stage="bio"`. @param {object | null} data */
export function brief(data, most = 120) {
  const text = Object.entries(data ?? {}).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(" ");
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
