import { caExtensions, ecKey, type Specimen, specimen, svidExtensions } from "@interlock/bot/testing";
import { createGroup, refused, taken } from "./group.js";
import { openPeers, openServers, root, type Shown } from "./peers.js";

const id = "spiffe://test/echo/1";
const upper = specimen({ name: "upper", by: root, extensions: caExtensions() });
const lower = specimen({ name: "lower", by: upper, extensions: caExtensions() });
const leaf = specimen({ by: lower, extensions: svidExtensions(id) });
const unrelated = specimen({ name: "unrelated", extensions: caExtensions() });
const otherRoot = specimen({ name: "other root", extensions: caExtensions() });
const stranger = specimen({ by: otherRoot, extensions: svidExtensions(id) });
const looped = ["a", "b"].map((name) => ({ name, key: ecKey() })) as [Loop, Loop];
type Loop = Pick<Specimen, "name" | "key">;
const [a, b] = [
  specimen({ ...looped[0], by: looped[1], extensions: caExtensions() }),
  specimen({ ...looped[1], by: looped[0], extensions: caExtensions() }),
];

const shown =
  (...others: readonly Specimen[]) =>
  (): Shown => ({ leaf, others });

const section = "RFC 8446, 4.4.2";
const inAnyOrder = taken(section, {
  "in order (the control)": shown(lower, upper),
  "in order, with the root": shown(lower, upper, root),
  "in reverse": shown(upper, lower),
  "the root first": shown(root, upper, lower),
  "with a certificate of no use in between": shown(unrelated, upper, unrelated, lower),
  "an intermediate twice": shown(lower, lower, upper, upper),
});
const incomplete = refused("RFC 5280, 6.1", {
  "an intermediate is missing": shown(lower),
  "both intermediates are missing": shown(),
  "below a root that is not believed, which is shown": (): Shown => ({ leaf: stranger, others: [otherRoot, root] }),
  "two CAs that certify each other": (): Shown => ({
    leaf: specimen({ by: a, extensions: svidExtensions(id) }),
    others: [a, b],
  }),
});

/** Line 27: chains as a client shows them. */
export const chains = createGroup("chains that a client shows", [...inAnyOrder, ...incomplete], openPeers);

/** Line 27: chains as a server shows them. */
export const serverChains = createGroup("chains that a server shows", [...inAnyOrder, ...incomplete], openServers);
