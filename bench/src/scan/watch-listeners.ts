import { type Listener, readListeners } from "@interlock/audit";

/** What the kernel has shown of the ports that answer at 127.0.0.1 while somebody watched. */
export interface Watched {
  /** The ports that have listened all along. */
  readonly always: ReadonlySet<number>;
  /** The ports that have listened at any time that was looked at, or may answer at 127.0.0.1. */
  readonly ever: ReadonlySet<number>;
  /** Whether other programs have opened or closed ports meanwhile, so that one may have listened between two looks. */
  readonly changed: boolean;
}

/** How often the kernel is asked while a command runs, in milliseconds: it takes some 10 ms of CPU. */
const everyMs = 500;

const read = () => readListeners({ processes: false });

const certain = new Set(["127.0.0.1", "0.0.0.0", "::ffff:127.0.0.1", "::ffff:0.0.0.0"]);

/**
 * Does `work`, and looks before it, meanwhile and after it at the ports of this machine that listen, since other programs
 * open and close some. `undefined` where the kernel does not tell.
 */
export async function watchListeners<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly watched: Watched | undefined }> {
  const before = await read();
  const looks: Promise<readonly Listener[] | undefined>[] = [];
  const timer = setInterval(() => looks.push(read()), everyMs);
  const result = await work().finally(() => clearInterval(timer));
  const after = await read();
  if (!before || !after) return { result, watched: undefined };
  const all = [before, ...(await Promise.all(looks)).map((look) => look ?? []), after];
  const sure = all.map((look) => portsOf(look, (address) => certain.has(address)));
  // A socket on `::` answers at 127.0.0.1, too, unless it is for IPv6 only, which the kernel does not tell here.
  const ever = all.flatMap((look) => [...portsOf(look, (address) => certain.has(address) || address === "::")]);
  const always = [...(sure[0] ?? [])].filter((port) => sure.every((look) => look.has(port)));
  const changed = new Set(all.map((look) => JSON.stringify(look))).size > 1;
  return { result, watched: { always: new Set(always), ever: new Set(ever), changed } };
}

function portsOf(listeners: readonly Listener[], counts: (address: string) => boolean): Set<number> {
  return new Set(listeners.filter(({ address }) => counts(address)).map(({ port }) => port));
}
