/** Who is connected, over all processes, and how the deliveries go. */
import uPlot from "./vendor/uplot/uPlot.esm.js";
import { colour, onTheme } from "./colours.js";
import { follow } from "./feed.js";
import { duration, number, size, time } from "./format.js";
import { config, h, nothing, show } from "./page.js";
import { Rates } from "./rates.js";

const GONE_MS = 15_000; // a process that has said nothing for so long is no more
const HEIGHT = 150;
const PLOTS = [
  { title: "Deliveries per second", lines: [["frames", "Deliveries", "--wb-accent"], ["changes", "Changes", "--wb-calm"]], text: number },
  { title: "From write to delivery", lines: [["p50", "Median", "--wb-good"], ["p95", "95 %", "--wb-warn"]], text: duration },
];

const at = (id) => document.getElementById(id);

export class Connections {
  #processes = new Map();
  #rates = new Rates();
  #plots = [];

  constructor() {
    if (!("connections" in config.feed.topics)) {
      at("connections-note").textContent = "You need the permission streams.view_lease to see who is connected.";
    }
    follow("connections", (news) => {
      for (const one of news ?? []) this.#processes.set(one.process, { ...one, heard: Date.now() });
      this.show();
    });
    follow("processes", (news) => (news ?? []).forEach((sample) => this.#rates.add(sample)));
    setInterval(() => {
      this.#rates.tick();
      if (this.#isSeen()) this.#draw();
    }, 1000);
    onTheme(() => this.#isSeen() && this.show());
    new ResizeObserver(() => this.#plots.forEach(({ plot }) => plot.setSize({ width: width(), height: HEIGHT }))).observe(at("plots"));
  }

  #isSeen = () => !at("panel-connections").hidden;

  show() {
    if (!this.#isSeen()) return;
    const now = Date.now();
    for (const [name, one] of this.#processes) if (now - one.heard > GONE_MS) this.#processes.delete(name);
    const all = [...this.#processes.values()];
    const those = all.flatMap(({ pid, those: list }) => list.map((one) => ({ ...one, pid })));
    those.sort((a, b) => b.lag - a.lag || b.waiting - a.waiting || a.since - b.since);
    const count = all.reduce((sum, one) => sum + one.count, 0);
    if ("connections" in config.feed.topics) {
      const shown = those.length < count ? `, those ${those.length} that are behind most` : "";
      at("connections-note").textContent = all.length ? `${count} connected${shown}` : "Waiting for what the processes say; that takes a few seconds.";
    }
    show(at("connections"), those.map(row), h("tr", {}, h("td", { colspan: 6 }, nothing("Nobody is connected."))));
    this.#draw();
  }

  #draw() {
    if (this.#plots.length === 0 || this.#plots[0].theme !== colour("var(--wb-ink)")) this.#make();
    const times = Array.from({ length: Rates.PLACES }, (_, index) => index - Rates.PLACES + 1);
    for (const { plot, lines } of this.#plots) {
      const filled = (name) => [...Array(Rates.PLACES).fill(null), ...this.#rates.series(name)].slice(-Rates.PLACES);
      plot.setData([times, ...lines.map(([name]) => filled(name))]);
    }
  }

  /** The plots in the colours of the theme. */
  #make() {
    const theme = colour("var(--wb-ink)");
    this.#plots.forEach(({ plot }) => plot.destroy());
    show(at("plots"), []);
    const axis = { stroke: colour("var(--wb-muted)"), grid: { stroke: colour("var(--wb-hair)"), width: 1 }, ticks: { show: false } };
    this.#plots = PLOTS.map(({ title, lines, text }) => {
      const place = h("figure", { "aria-label": `${title}, the last two minutes` }, h("figcaption", {}, title));
      at("plots").append(place);
      const series = lines.map(([, label, name]) => ({ label, stroke: colour(`var(${name})`), width: 2, spanGaps: true, value: (_, value) => (value === null ? "–" : text(value)) }));
      const axes = [{ ...axis, space: 55, size: 30, values: (_, splits) => splits.map((value) => `${value} s`) }, { ...axis, size: 62, values: (_, splits) => splits.map(text) }];
      const scales = { x: { time: false }, y: { range: (_, low, high) => [0, Math.max(high ?? 0, 1) * 1.1] } };
      const options = { width: width(), height: HEIGHT, series: [{ label: "Time", value: (_, value) => (value === null ? "–" : `${value} s`) }, ...series], axes, scales };
      return { plot: new uPlot(options, [[], ...lines.map(() => [])], place), lines, theme };
    });
  }
}

/** How wide a plot may be: two stand beside each other where there is room. */
function width() {
  const all = at("plots").clientWidth;
  return Math.max(240, all > 600 ? (all - 24) / 2 : all);
}

function row({ user, address, groups, joined, since, lag, waiting, pid }) {
  const more = joined - groups.length;
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, user === null ? "anonymous" : `user ${user}`, h("span", { class: "wb-faint" }, ` ${address}`)),
    h("td", {}, groups.length ? h("code", {}, groups.join(", ")) : h("span", { class: "wb-faint" }, "nothing"), more > 0 ? ` and ${more} more` : ""),
    h("td", {}, time(since)),
    h("td", { class: "number" }, lag > 0 ? h("strong", { class: "st-late" }, duration(lag)) : "–"),
    h("td", { class: "number" }, waiting > 0 ? size(waiting) : "–"),
    h("td", { class: "number" }, String(pid)),
  );
}
