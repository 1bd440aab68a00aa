// A process that runs one authority.
import { type Authority, type AuthorityOptions, startAuthority } from "@interlock/authority";
import { silentLog } from "@interlock/bot";
import { answerParent } from "@interlock/testing-processes";
import { bareEnrollment, bareToken } from "./bare-signatures.js";
import { inParallel } from "./in-parallel.js";

export type AuthorityAsk =
  | { readonly do: "start"; readonly options: Omit<AuthorityOptions, "log" | "clock"> }
  | { readonly do: "apply"; readonly grants: string }
  | { readonly do: "invite"; readonly name: string }
  | { readonly do: "begin" }
  | { readonly do: "end" }
  | { readonly do: "weigh" }
  | { readonly do: "sign"; readonly what: "token" | "enrollment"; readonly count: number };

/** The answer to a request, which decides which fields are present. */
export interface AuthorityAnswer {
  readonly address?: string;
  /** DER. */
  readonly root?: Uint8Array;
  readonly joinToken?: string;
  /** CPU time since "begin", or of the signatures, in microseconds. */
  readonly cpu?: number;
  /** Resident memory, and live objects, in bytes. */
  readonly rss?: number;
  readonly heap?: number;
}

let authority: Authority | undefined;
let begun = process.cpuUsage();

answerParent(async (ask: AuthorityAsk): Promise<AuthorityAnswer> => {
  if (ask.do === "start") {
    authority = await startAuthority({ ...ask.options, log: silentLog });
    return { address: authority.address, root: authority.caCertificate };
  }
  if (!authority) throw new Error("there is no authority in this process");
  switch (ask.do) {
    case "apply":
      await authority.applyGrants(ask.grants);
      return {};
    case "invite":
      return { joinToken: await authority.createJoinToken(ask.name) };
    case "begin":
      begun = process.cpuUsage();
      return {};
    case "end":
      return { cpu: spentCpu() };
    case "weigh": {
      globalThis.gc?.();
      const { rss, heapUsed, external } = process.memoryUsage();
      return { rss, heap: heapUsed + external };
    }
    case "sign": {
      const sign = ask.what === "token" ? await bareToken() : await bareEnrollment();
      begun = process.cpuUsage();
      await inParallel(16, Array(ask.count).keys(), sign);
      return { cpu: spentCpu() };
    }
  }
});

/** User and system together, all threads. */
function spentCpu(): number {
  const { user, system } = process.cpuUsage(begun);
  return user + system;
}
