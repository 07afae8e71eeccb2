/** What is said of an answer besides what it says. */
const STATES = {
  created: "The model is thinking…",
  streaming: "",
  stopped: "Stopped",
  failed: "Without an answer",
};
const NEAR = 80; // pixels: who is so near the end stays there

/** The messages on the page: brings their elements in line with a state. */
export class MessageList {
  #list;
  #template;
  /** @type {Map<string, HTMLElement>} by id, what is on the page */
  #shown;

  /**
   * @param {HTMLElement} list
   * @param {HTMLElement} template
   * @param {{ react: (element: HTMLElement, emoji: string) => void, stop: (element: HTMLElement) => void }} actions
   */
  constructor(list, template, { react, stop }) {
    this.#list = list;
    this.#template = template;
    this.#shown = new Map([...list.children].map((element) => [element.dataset.id, element]));
    list.addEventListener("click", ({ target }) => {
      const message = target.closest(".message");
      if (target.dataset.emoji) react(message, target.dataset.emoji);
      else if (target.hasAttribute("data-stop")) stop(message);
    });
    list.scrollTop = list.scrollHeight;
  }

  /** @param {{ id: string }[]} messages in the order to show them */
  show(messages) {
    const { scrollTop, scrollHeight, clientHeight } = this.#list;
    const wanted = new Set(messages.map(({ id }) => id));
    for (const [id, element] of this.#shown) {
      if (wanted.has(id)) continue;
      element.remove();
      this.#shown.delete(id);
    }
    for (const message of messages) fill(this.#shown.get(message.id) ?? this.#create(message.id), message);
    if (scrollHeight - scrollTop - clientHeight < NEAR) this.#list.scrollTop = this.#list.scrollHeight;
  }

  /** Count one more reaction; they are told, not stored: whoever comes later does not see them. */
  react(id, emoji) {
    const reactions = this.#shown.get(id)?.querySelector(".reactions");
    if (!reactions) return;
    let counted = [...reactions.children].find((element) => element.dataset.emoji === emoji);
    if (!counted) {
      counted = reactions.appendChild(document.createElement("span"));
      counted.dataset.emoji = emoji;
    }
    counted.dataset.count = Number(counted.dataset.count ?? 0) + 1;
    counted.textContent = `${emoji} ${counted.dataset.count}`;
  }

  #create(id) {
    const element = this.#template.cloneNode(true);
    this.#shown.set(id, element);
    this.#list.append(element); // new ones are last in a group
    return element;
  }
}

function fill(element, { id, role, userId, message, status, stopRequested }) {
  const part = (selector) => element.querySelector(selector);
  const unfinished = status === "created" || status === "streaming";
  Object.assign(element.dataset, { id, role, status });
  part(".who").textContent = userId;
  if (part(".said").textContent !== message) part(".said").textContent = message;
  part(".state").textContent = unfinished && stopRequested ? "Stopping…" : (STATES[status] ?? "");
  part(".tools").hidden = false;
  part("[data-stop]").hidden = !unfinished || stopRequested === true;
}
