import { isIPv6 } from "node:net";

/** A row of `/proc/net/tcp` or `/proc/net/tcp6` that listens. */
export interface ListenerRow {
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
  readonly inode: number;
}

/** `TCP_LISTEN` of the kernel's include/net/tcp_states.h. */
const listening = "0A";

/**
 * Reads the rows of `/proc/net/tcp` (family 4) or `/proc/net/tcp6` (family 6) that listen. An address is four bytes, or four
 * words of four bytes, each in the byte order of the machine: little-endian on all that Node runs on, except for s390x.
 *
 * @param littleEndian - Default: true.
 */
export function parseListeners(table: string, family: 4 | 6, littleEndian = true): ListenerRow[] {
  return table.split("\n").flatMap((line) => {
    const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
    const [, hex = "", port = ""] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(local) ?? [];
    if (state !== listening || hex.length !== (family === 4 ? 8 : 32)) return [];
    const bytes = toBytes(hex, littleEndian);
    const address = family === 4 ? bytes.join(".") : formatIPv6(bytes);
    return [{ address, port: Number.parseInt(port, 16), family, inode: Number(inode) }];
  });
}

function toBytes(hex: string, littleEndian: boolean): Buffer {
  const bytes = Buffer.from(hex, "hex");
  return littleEndian ? bytes.swap32() : bytes;
}

/** Writes an IPv6 address as RFC 5952 has it: `::1`, `fd00::7`, `::ffff:10.0.0.1`. */
function formatIPv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16));
  const text = new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text) ?? [];
  if (high === undefined || low === undefined) return isIPv6(text) ? text : "::";
  return `::ffff:${bytes.subarray(12).join(".")}`;
}
