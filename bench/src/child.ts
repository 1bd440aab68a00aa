// One process of one variant: its server or its client. It does what the parent asks and answers each message.

import { answerParent } from "@interlock/testing-processes";
import type { Answer, Ask } from "./child-process.js";
import type { EchoClient } from "./echo-client.js";
import { runLoad } from "./load.js";
import type { NodeVariant } from "./variant.js";
import type { EndName } from "./variant-name.js";
import { variants } from "./variant-table.js";

let client: EchoClient | undefined;
let cpu = process.cpuUsage();

answerParent(answer);

async function answer(ask: Ask): Promise<Answer> {
  switch (ask.do) {
    case "serve":
      return { address: (await (await load(ask.variant)).serve(ask.settings)).address };
    case "connect":
      client = await (await load(ask.variant)).connect(ask.settings, ask.address);
      return {};
    case "collect":
      globalThis.gc?.();
      return {};
    case "trace": {
      const { registerUnsampledSdk, removeUnsampledSdk } = await import("./unsampled-sdk.js");
      if (ask.on) registerUnsampledSdk();
      else removeUnsampledSdk();
      return {};
    }
    case "begin":
      cpu = process.cpuUsage();
      return {};
    case "end":
      return { cpu: spentCpu() };
    case "run": {
      if (!client) throw new Error("there is no client in this process");
      cpu = process.cpuUsage();
      const times = await runLoad(client, ask.load);
      return { cpu: spentCpu(), times };
    }
  }
}

async function load(name: EndName): Promise<NodeVariant> {
  const variant = await variants[name]();
  if (!("serve" in variant)) throw new Error(`${name} is a program of its own`);
  return variant;
}

/** Microseconds since the turn began, user and system together. */
function spentCpu(): number {
  const { user, system } = process.cpuUsage(cpu);
  return user + system;
}
