import { readdir, readFile, readlink } from "node:fs/promises";
import { endianness } from "node:os";
import { join } from "node:path";
import { parseListeners } from "./proc-net.js";

/** A socket of this machine that listens on TCP. */
export interface Listener {
  /** For example `0.0.0.0`, `127.0.0.1` or `::`, which stands for IPv4 also where the socket is dual-stack. */
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
  /** The socket's number in the kernel. */
  readonly inode: number;
  /** The process that holds it, where this process may see that; the lowest one where several do. */
  readonly pid?: number | undefined;
  /** The name of that process, at most 15 bytes of it. */
  readonly process?: string | undefined;
}

/** How listeners are read. */
export interface ReadListenersOptions {
  /** Whether the process of each is looked for, among the open files of every process. Default: true. */
  readonly processes?: boolean | undefined;
  /** Where the kernel shows its state. Default: `/proc`. */
  readonly proc?: string | undefined;
}

/** The most processes that are looked at. */
const mostProcesses = 65_536;

/**
 * The sockets of this machine that listen on TCP, with their processes: exact, on Linux. Only the superuser sees the processes
 * of other users, and only sockets of the own network namespace (container) are there.
 *
 * @returns `undefined` where the kernel does not tell, as on macOS.
 */
export async function readListeners(options: ReadListenersOptions = {}): Promise<readonly Listener[] | undefined> {
  const { processes = true, proc = "/proc" } = options;
  const [tcp, tcp6] = await Promise.all([readTable(proc, "tcp"), readTable(proc, "tcp6")]);
  if (tcp === undefined) return undefined;
  const littleEndian = endianness() === "LE";
  const found = [...parseListeners(tcp, 4, littleEndian), ...parseListeners(tcp6 ?? "", 6, littleEndian)];
  if (!processes) return found;
  const owners = await findOwners(proc, new Set(found.map(({ inode }) => inode)));
  return found.map((listener) => ({ ...listener, ...owners.get(listener.inode) }));
}

async function readTable(proc: string, name: string): Promise<string | undefined> {
  try {
    return await readFile(join(proc, "net", name), "latin1");
  } catch {
    return undefined;
  }
}

interface Owner {
  readonly pid: number;
  readonly process?: string | undefined;
}

/** Looks for sockets among the open files of every process. */
async function findOwners(proc: string, inodes: ReadonlySet<number>): Promise<ReadonlyMap<number, Owner>> {
  const owners = new Map<number, Owner>();
  const pids = (await readdir(proc)).filter((name) => /^\d+$/.test(name)).map(Number);
  for (const pid of pids.sort((a, b) => a - b).slice(0, mostProcesses)) {
    if (owners.size === inodes.size) break;
    const held = (await socketsOf(proc, pid)).filter((inode) => inodes.has(inode) && !owners.has(inode));
    if (held.length === 0) continue;
    const process = await nameOf(proc, pid);
    for (const inode of held) owners.set(inode, { pid, process });
  }
  return owners;
}

/** The numbers of the sockets that a process holds; none where it has ended, or is another user's. */
async function socketsOf(proc: string, pid: number): Promise<number[]> {
  const folder = join(proc, String(pid), "fd");
  const files = await readdir(folder).catch(() => []);
  const links = await Promise.all(files.map((file) => readlink(join(folder, file)).catch(() => "")));
  return links.flatMap((link) => {
    const [, inode] = /^socket:\[(\d+)\]$/.exec(link) ?? [];
    return inode === undefined ? [] : [Number(inode)];
  });
}

async function nameOf(proc: string, pid: number): Promise<string | undefined> {
  try {
    return (await readFile(join(proc, String(pid), "comm"), "utf8")).trimEnd();
  } catch {
    return undefined;
  }
}
