/** A WebSocket that tells what goes through it: `new StreamClient({ url, WebSocket: wire(heard) })`. */

/** @param {(way: "in" | "out", text: string) => void} heard @returns {typeof WebSocket} */
export function wire(heard) {
  return class extends WebSocket {
    constructor(...place) {
      super(...place);
      this.addEventListener("message", ({ data }) => heard("in", data));
    }

    send(text) {
      heard("out", text);
      super.send(text);
    }
  };
}
