import { StreamClient } from "millrace";

import { send } from "../project/api.js";
import { showConnection } from "../project/connection.js";
import { MessageList } from "./chat-messages.js";
import { Typists } from "./chat-typists.js";

const part = (id) => document.getElementById(id);
const room = JSON.parse(part("room").textContent);
const initial = JSON.parse(part("history").textContent);
const form = part("say");
const { userId, message } = form.elements;
const NAME = "chat-name"; // of this tab: another window may be somebody else

const client = new StreamClient();
const messages = client.group("chatMessage", room, { initial });
const list = new MessageList(part("messages"), part("message").content.firstElementChild, { react, stop });
const typists = new Typists((text) => (part("typing").textContent = text));

messages.on("*", (items) => list.show(items));
messages.on("create", (item) => typists.remove(item.userId));
messages.on("typing", ({ userId: who }) => who !== userId.value && typists.add(who));
messages.on("reaction", ({ id, emoji }) => list.react(id, emoji));
list.show(messages.getState());
showConnection(part("connection"), client, messages);

userId.value = sessionStorage.getItem(NAME) ?? `Guest ${1 + Math.floor(Math.random() * 99)}`;
userId.addEventListener("change", () => sessionStorage.setItem(NAME, userId.value));
form.hidden = false;

let told = 0; // when the others were told that we type: at most once in a while, it is shown for longer than that

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const said = message.value;
  message.value = "";
  told = 0;
  if (await attempt(form, "/chat", { room, userId: userId.value, message: said })) return;
  if (message.value === "") message.value = said; // nothing that was written is lost
});

message.addEventListener("input", () => {
  if (message.value === "" || userId.value === "" || Date.now() - told < Typists.SHOWN / 2) return;
  told = Date.now();
  send("POST", "/typing", { room, userId: userId.value }).catch(() => {}); // no loss if nobody is told
});

function react(element, emoji) {
  return attempt(element, `/chat/${encodeURIComponent(element.dataset.id)}/reactions`, { room, userId: userId.value, emoji });
}

function stop(element) {
  return attempt(element, `/chat/${encodeURIComponent(element.dataset.id)}/stop`, { room });
}

/** Send a request with *element* busy until it is answered; the page says what went wrong. */
async function attempt(element, url, body) {
  element.setAttribute("aria-busy", "true");
  try {
    await send("POST", url, body);
    part("problem").textContent = "";
    return true;
  } catch (error) {
    part("problem").textContent = error.message;
    return false;
  } finally {
    element.removeAttribute("aria-busy");
  }
}
