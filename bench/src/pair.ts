import { type Child, startChild } from "./child-process.js";
import type { Load, LoadTimes } from "./load.js";
import type { Variant } from "./variant.js";
import type { VariantName } from "./variant-name.js";

/** A variant that this machine can run. */
export interface NamedVariant {
  readonly name: VariantName;
  readonly variant: Variant;
}

/** The two processes of a variant. */
export interface Pair {
  readonly name: VariantName;
  readonly server: Child;
  readonly client: Child;
}

/** Starts both processes of a variant. `cleanUp` gets what ends them. */
export async function startPair(
  { name, variant }: NamedVariant,
  folder: string,
  profileFolder: string | undefined,
  cleanUp: (() => Promise<void>)[],
): Promise<Pair> {
  const { settings, close } = await variant.prepare(folder);
  cleanUp.push(close);
  const [server, client] = [start("server"), start("client")];
  const { address } = await server.ask({ do: "serve", variant: name, settings });
  await client.ask({ do: "connect", variant: name, settings, address });
  return { name, server, client };

  function start(side: string): Child {
    const title = `${name}.${side}`;
    const child = "start" in variant ? variant.start(title) : startChild(title, profileFolder);
    cleanUp.push(child.stop);
    return child;
  }
}

/**
 * Runs a full collection in both processes, which are idle. After one, V8 promotes what HTTP/2 and grpc-js keep in a `Map` or `Set`,
 * and all its successors (see `roster.ts`). If only some processes had had a full collection, the server's figures would
 * differ by a fifth, by chance.
 */
export async function collect({ server, client }: Pair): Promise<void> {
  await Promise.all([server, client].map((child) => child.ask({ do: "collect" })));
}

/** CPU time of both processes in microseconds, and the times of the calls. */
export interface Turn {
  readonly server: number;
  readonly client: number;
  readonly times: LoadTimes;
}

/** A part of a round. It is so short that other load on the machine affects all variants alike. */
export async function takeTurn({ server, client }: Pair, load: Load): Promise<Turn> {
  await server.ask({ do: "begin" });
  const { cpu, times } = await client.ask({ do: "run", load });
  return { server: (await server.ask({ do: "end" })).cpu, client: cpu, times };
}
