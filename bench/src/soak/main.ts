import { runCommand } from "../command.js";
import { choice, count, flag } from "../command-options.js";
import { crash } from "./crash.js";
import { gateway } from "./gateway.js";
import { outage } from "./outage.js";
import { rotation } from "./rotation.js";
import { storeKinds } from "./soak.js";
import { spire } from "./spire.js";
import { swarm } from "./swarm.js";

await runCommand({
  usage: "npm run soak --",
  noun: "soak",
  entries: { crash, gateway, outage, rotation, spire, swarm },
  options: {
    seconds: count("how long the load lasts. Default: 60", 9_999),
    faults: flag("swarm: locks, fail-overs, clocks that are set, blocked loops, a network that vanishes"),
    seed: count("what --faults chooses by. Default: at random; it is printed", 2 ** 32),
    store: choice("<engine>", "sqlite or postgres. Default: both, one after the other", storeKinds),
  },
  limit: {
    summary: "180 more than the load takes",
    seconds: ({ durationMs, stores }) => (durationMs / 1_000) * stores.length + 180,
  },
  read: (values, progress) => ({
    durationMs: (values.seconds ?? 60) * 1_000,
    faults: values.faults,
    seed: values.seed,
    stores: values.store === undefined ? storeKinds : [values.store],
    progress,
  }),
});
