import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import { type Address, isLinkLocal } from "./address.js";

/** An address of this machine that others may reach. */
export interface OwnAddress {
  readonly interface: string;
  readonly host: string;
}

/** What `os.networkInterfaces` returns. */
type Interfaces = Readonly<
  Record<string, readonly Pick<NetworkInterfaceInfo, "address" | "family" | "internal">[] | undefined>
>;

/** Interfaces that container engines and virtual machines make for themselves. */
const virtual = /^(?:docker|br-|veth|virbr|cni|flannel|cali|podman|lxc|lxd|vmnet|vboxnet)/;

/**
 * The addresses of this machine that other machines may reach: one for each interface, IPv4 where it has one. Loopback and
 * link-local addresses are left out; those of container engines count only where there is no other.
 *
 * @param families - Which addresses a server on every interface can be reached at: `0.0.0.0` listens on IPv4 only.
 */
export function ownAddresses(
  families: "IPv4" | "any" = "any",
  interfaces: Interfaces = networkInterfaces(),
): OwnAddress[] {
  const found = Object.entries(interfaces).flatMap(([name, addresses = []]): OwnAddress[] => {
    const usable = addresses.filter(({ address, internal }) => !internal && !isLinkLocal(address));
    const best = usable.find(({ family }) => family === "IPv4") ?? usable.find(() => families === "any");
    return best ? [{ interface: name, host: best.address }] : [];
  });
  const real = found.filter(({ interface: name }) => !virtual.test(name));
  return real.length > 0 ? real : found;
}

/** How long to wait for the name of a peer, in milliseconds. */
const lookUpMs = 2_000;

/**
 * The address of this machine on the way to `peer`, as the system would choose it; no packet is sent. `undefined` when there
 * is no way, or the name is not known in time.
 */
export function ownAddressTowards({ host, port }: Address): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
    const timer = setTimeout(() => settle(undefined), lookUpMs);
    function settle(found: string | undefined): void {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on("error", () => {}); // A name that is found too late.
      socket.close();
      resolve(found);
    }
    socket.once("error", () => settle(undefined));
    socket.once("connect", () => settle(socket.address().address));
    socket.connect(port, host);
  });
}
