/** The provider and its hooks, with everything they say on the page. Driven by tests/browser. */
import { MotiaStreamProvider, StreamProvider, useMotiaStream, useStreamEventHandler, useStreamGroup, useStreamItem } from "millrace/react";
import { useRef, useState } from "react";

interface Todo {
  id: string;
  description: string;
}

const { url, group } = Object.fromEntries(new URLSearchParams(location.search));

function Group({ name }: { name: string }) {
  const renders = useRef(0);
  renders.current += 1;
  const { data, status, error } = useStreamGroup<Todo>({ streamName: "todo", groupId: name });
  return (
    <section aria-label={name} data-renders={renders.current} data-status={status}>
      {error && <p role="alert">{error.message}</p>}
      <ul>
        {data.map(({ id, description }) => (
          <li key={id}>{description}</li>
        ))}
      </ul>
    </section>
  );
}

function Sorted() {
  const { data } = useStreamGroup<Todo>({ streamName: "todo", groupId: group, sortKey: "description" });
  return <p id="sorted">{data.map(({ description }) => description).join(" ")}</p>;
}

function One() {
  const [heard, setHeard] = useState<string[]>([]);
  const { data, event } = useStreamItem<Todo>({ streamName: "todo", groupId: group, id: "t1" });
  useStreamEventHandler({ event, type: "reaction", listener: ({ emoji }) => setHeard((before) => [...before, emoji]) });
  return <p id="one">{data === undefined ? "unknown" : data === null ? "none" : data.description} {heard.join("")}</p>;
}

function Connection() {
  const { isConnected, stream } = useMotiaStream();
  return <p role="status">{isConnected ? "live" : "not live"} {stream.status}</p>;
}

export function TodoList() {
  const [shown, setShown] = useState([group]);
  return (
    <MotiaStreamProvider address={url}>
      <Connection />
      {shown.map((name, index) => <Group key={index} name={name} />)}
      <Sorted />
      <One />
      <button onClick={() => setShown([])}>hide</button>
      <button onClick={() => setShown([group, group])}>twice</button>
      <button onClick={() => setShown([`${group}-other`])}>other</button>
    </MotiaStreamProvider>
  );
}

export const same: typeof StreamProvider = MotiaStreamProvider;
