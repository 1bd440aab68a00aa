import { echoStage } from "./echo-stage.js";
import type { Row } from "./row.js";

export const floodRow: Row = {
  row: 29,
  attack:
    "rapid reset, CONTINUATION flood, oversized metadata or message, slow handshake, a flood of good calls from one bot",
  play: async () => (await echoStage()).play([]),
};
