/** Renders the sample that the build names. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { TodoList } from "sample";

createRoot(document.querySelector("#app")!).render(
  <StrictMode>
    <TodoList />
  </StrictMode>,
);
