import type { InterlockError } from "@interlock/bot";
import { type Connection, createRoster, type Peer } from "@interlock/bot/internal";

/**
 * Makes the record of a caller at the other end of a proxy, for the admission chain. There is one for each certificate, however
 * many connections the proxy has with it: the proxy owns those, and only its calls can be refused from here.
 *
 * `onCut` is called when the chain cuts the caller off.
 */
export function createProxiedConnection(
  { id: peer, certificate, chain }: Peer,
  address: string,
  onCut: () => void,
): Connection {
  let ended: InterlockError | undefined;
  return {
    peer,
    certificate,
    chain,
    earlier: [],
    // A caller vouches for connections with the bot itself, and not through a proxy.
    voucher: "",
    vouch: "",
    address,
    bearers: new Map(),
    calls: createRoster(),
    clearedBy: undefined,
    rebind: () => false,
    get ended() {
      return ended;
    },
    lastWord: undefined,
    refuse(error) {
      ended ??= error;
    },
    async cut(error) {
      ended ??= error;
      onCut();
    },
    destroy: onCut,
  };
}
