import { isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";
import type { Listener } from "./read-listeners.js";

/**
 * The listener that answers at an address of this machine: the one of that very address, otherwise one of every interface.
 *
 * @param listeners - From `readListeners`.
 * @returns `undefined` when there is none, or the address is not one of this machine.
 */
export function findListener(
  listeners: readonly Listener[],
  { address, port }: { readonly address: string; readonly port: number },
): Listener | undefined {
  if (!isOwn(address)) return undefined;
  const own = isIPv4(address) ? [address, `::ffff:${address}`, "0.0.0.0", "::ffff:0.0.0.0", "::"] : [address, "::"];
  const there = listeners.filter((listener) => listener.port === port);
  for (const each of own) {
    const found = there.filter((listener) => listener.address === each);
    // Several processes can share a port (SO_REUSEPORT); one that is known says more.
    if (found.length > 0) return found.find(({ pid }) => pid !== undefined) ?? found[0];
  }
  return undefined;
}

/** Whether an IP address is one of this machine. */
function isOwn(address: string): boolean {
  if (address.startsWith("127.")) return true;
  return Object.values(networkInterfaces()).some((each) =>
    each?.some((own) => own.address === address.replace(/%.*/, "")),
  );
}
