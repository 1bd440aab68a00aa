import { authority } from "./authority/authority.js";
import { runCommand } from "./command.js";
import { count, path, several } from "./command-options.js";
import { gateway } from "./gateway/gateway.js";
import { generation } from "./generate/generate.js";
import { imports } from "./imports/imports.js";
import { memory } from "./memory/memory.js";
import { revocation } from "./revocation/revocation.js";
import { scan } from "./scan/scan.js";
import { siege } from "./siege/siege.js";
import { streaming } from "./streaming.js";
import { swarm } from "./swarm/swarm.js";
import { traces } from "./traces/traces.js";
import { unary } from "./unary.js";
import { variantNames } from "./variant-name.js";

await runCommand({
  usage: "npm run bench --",
  noun: "benchmark",
  entries: {
    unary,
    streaming,
    memory,
    import: imports,
    authority,
    revocation,
    swarm,
    siege,
    gateway,
    scan,
    traces,
    generate: generation,
  },
  options: {
    rounds: count(
      "rounds that count. Default: 12 (memory 3, gateway 9, import 11, authority 5, swarm 3, scan 20, siege 4)",
      9_999,
    ),
    calls: count("calls of each variant in each round", 9_999_999),
    "in-flight": count("calls under way at a time", 9_999_999),
    bots: count("bots in the fleet", 9_999_999),
    only: several("<names>", "compare these variants only (unary, streaming), with commas between them", variantNames),
    profile: path("<dir>", "let every process leave a CPU profile there"),
  },
  limit: { summary: "600 (unary, streaming, memory and gateway 1,200; siege 2,700)", seconds: () => 600 },
  read: (values, progress) => ({
    rounds: values.rounds,
    calls: values.calls,
    inFlight: values["in-flight"],
    bots: values.bots,
    only: values.only,
    profileFolder: values.profile,
    progress,
  }),
});
