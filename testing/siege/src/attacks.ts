import type { Attack } from "./attack.js";
import { repeatedVouches } from "./attacks/repeated-vouches.js";
import { silentConnections } from "./attacks/silent-connections.js";

/** Every attack, in the order of the contract's rows. A new one is one file, and a line here. */
export const attacks: readonly Attack[] = [silentConnections, repeatedVouches];
