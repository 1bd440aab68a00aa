import type { Attack } from "./attack.js";
import { badSignatures } from "./attacks/bad-signatures.js";
import { byteFrames } from "./attacks/byte-frames.js";
import { renewalFlood } from "./attacks/renewal-flood.js";
import { repeatedVouches } from "./attacks/repeated-vouches.js";
import { reportFlood } from "./attacks/report-flood.js";
import { silentConnections } from "./attacks/silent-connections.js";
import { trustStreams } from "./attacks/trust-streams.js";
import { unfinishedMessages } from "./attacks/unfinished-messages.js";
import { unknownPaths } from "./attacks/unknown-paths.js";

/** Every attack, in the order of the contract's rows. A new one is one file, and a line here. */
export const attacks: readonly Attack[] = [
  silentConnections,
  reportFlood,
  renewalFlood,
  repeatedVouches,
  unfinishedMessages,
  byteFrames,
  unknownPaths,
  badSignatures,
  trustStreams,
];
