/**
 * What the published clients do with frames, so that our understanding of them is proven and not remembered.
 * A vector with `hazard` shows what an unmodified client does wrong: its state is the wrong one, and the server must
 * never send such frames.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { describe, mock, test } from "node:test";
import { Replay } from "./replay.js";

const vectors = JSON.parse(readFileSync(new URL("../../vectors/published.json", import.meta.url), "utf8"));
// The browser and React faces sit on one version of the client, the Node face on an older one of its own.
const below = createRequire(createRequire(import.meta.url).resolve("@motiadev/stream-client-node"));
const clients = {
  "stream-client": await import("@motiadev/stream-client"),
  "stream-client below stream-client-node": await import(pathToFileURL(below.resolve("@motiadev/stream-client")).href),
};

test("every vector says what must come out, and some are hazards", () => {
  assert.ok(vectors.length >= 40);
  assert.ok(vectors.some((vector) => vector.hazard));
  for (const { name, steps } of vectors) assert.ok(steps.some((step) => "state" in step || "events" in step), name);
});

for (const [client, { Stream }] of Object.entries(clients)) {
  describe(client, () => {
    for (const { name, hazard, steps } of vectors) {
      test(hazard ? `${name} (hazard: ${hazard})` : name, () => {
        mock.timers.enable({ apis: ["setTimeout"] });
        try {
          const replay = new Replay(Stream, mock.timers);
          steps.forEach((step) => replay.play(step));
        } finally {
          mock.timers.reset();
        }
      });
    }
  });
}
