/** The chat of project/flows/chat on the hooks. Driven by tests/browser. */
import { StreamProvider, useStreamEventHandler, useStreamGroup } from "millrace/react";
import { type FormEvent, useState } from "react";

interface Message {
  id: string;
  userId: string;
  message: string;
  status: "created" | "streaming" | "completed" | "stopped" | "failed";
}

const { url, room, name } = Object.fromEntries(new URLSearchParams(location.search));

function post(path: string, body: object) {
  const headers = { "Content-Type": "application/json" };
  return fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify({ room, ...body }) });
}

function Room() {
  const { data, event, status } = useStreamGroup<Message>({ streamName: "chatMessage", groupId: room });
  const [words, setWords] = useState("");
  const [typist, setTypist] = useState("");
  const [reactions, setReactions] = useState<string[]>([]);
  useStreamEventHandler({ event, type: "typing", listener: ({ userId }) => setTypist(userId) });
  useStreamEventHandler({
    event, type: "reaction", listener: ({ emoji }) => setReactions((before) => [...before, emoji]),
  });

  function say(submitted: FormEvent) {
    submitted.preventDefault();
    post("/chat", { userId: name, message: words });
    setWords("");
  }

  function write(text: string) {
    setWords(text);
    post("/typing", { userId: name });
  }

  return (
    <>
      <p role="status">{status}</p>
      <ol aria-label="Messages">
        {data.map(({ id, userId, message, status }) => (
          <li key={id} data-status={status}>
            {userId}: {message}
            <button onClick={() => post(`/chat/${id}/reactions`, { userId: name, emoji: "👍" })}>like</button>
          </li>
        ))}
      </ol>
      <p id="typing">{typist}</p>
      <p id="reactions">{reactions.join("")}</p>
      <form onSubmit={say}>
        <input aria-label="Words" value={words} onChange={({ target }) => write(target.value)} />
      </form>
    </>
  );
}

function Chat() {
  return (
    <StreamProvider address={url}>
      <Room />
    </StreamProvider>
  );
}

export { Chat as TodoList }; // as main.tsx calls what it renders
