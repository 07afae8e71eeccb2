/** A page on the published React provider and hook: shows a group as a list. Served and driven by tests/browser. */
import { MotiaStreamProvider, useStreamGroup } from "@motiadev/stream-client-react";
import { createRoot } from "react-dom/client";

const { url, group } = Object.fromEntries(new URLSearchParams(location.search));

function Todos() {
  const { data } = useStreamGroup({ streamName: "todo", groupId: group });
  return data.map(({ id, description }) => <li key={id}>{description}</li>);
}

createRoot(document.querySelector("ul")).render(
  <MotiaStreamProvider address={url}>
    <Todos />
  </MotiaStreamProvider>,
);
