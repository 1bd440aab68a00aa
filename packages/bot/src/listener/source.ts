import { isIPv6 } from "node:net";

/**
 * The source that an address counts as: an IPv4 address by itself, an IPv6 address by its first 64 bits, since one site has all
 * of those below. An IPv4 address that is written as IPv6 (`::ffff:`) is the IPv4 address.
 */
export function sourceOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [bare = ""] = address.split("%", 1); // Without the zone of a link-local address.
  return isIPv6(bare) ? `${first64(bare)}::/64` : address;
}

function first64(address: string): string {
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  // An IPv4 tail takes the place of two groups.
  const groups = left.length + right.length + (right.at(-1)?.includes(".") ? 1 : 0);
  const all = tail === undefined ? left : [...left, ...Array<string>(Math.max(0, 8 - groups)).fill("0"), ...right];
  return all
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ""))
    .join(":");
}
