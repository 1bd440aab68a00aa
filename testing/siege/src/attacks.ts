import type { Attack } from "./attack.js";
import { badHeaders } from "./attacks/bad-headers.js";
import { badSignatures } from "./attacks/bad-signatures.js";
import { bogusReports } from "./attacks/bogus-reports.js";
import { byteFrames } from "./attacks/byte-frames.js";
import { compressionByStrangers, compressionWithoutToken, compressionWithToken } from "./attacks/compression.js";
import { failingJoins } from "./attacks/failing-joins.js";
import { halfHandshakes } from "./attacks/half-handshakes.js";
import { idleHttps, idleStrangers } from "./attacks/idle-strangers.js";
import { junkCertificates, junkCertificatesEnrolling } from "./attacks/junk-certificates.js";
import { largeCheckpoints } from "./attacks/large-checkpoints.js";
import { largeTasks } from "./attacks/large-tasks.js";
import { readerFlood } from "./attacks/reader-flood.js";
import { renewalFlood } from "./attacks/renewal-flood.js";
import { repeatedVouches } from "./attacks/repeated-vouches.js";
import { reportFlood } from "./attacks/report-flood.js";
import { silentConnections } from "./attacks/silent-connections.js";
import { taskFlood } from "./attacks/task-flood.js";
import { trustStreams } from "./attacks/trust-streams.js";
import { unfinishedMessages } from "./attacks/unfinished-messages.js";
import { unknownPaths } from "./attacks/unknown-paths.js";
import { unnamedCurve, unnamedCurveEnrolling } from "./attacks/unnamed-curve.js";
import { unstorableFields } from "./attacks/unstorable-fields.js";

/** Every attack, in the order of the contract's rows. A new one is one file, and a line here. */
export const attacks: readonly Attack[] = [
  unnamedCurve,
  unnamedCurveEnrolling,
  badHeaders,
  junkCertificates,
  junkCertificatesEnrolling,
  silentConnections,
  halfHandshakes,
  idleStrangers,
  idleHttps,
  failingJoins,
  compressionByStrangers,
  compressionWithoutToken,
  compressionWithToken,
  repeatedVouches,
  unfinishedMessages,
  byteFrames,
  reportFlood,
  renewalFlood,
  unknownPaths,
  badSignatures,
  trustStreams,
  unstorableFields,
  largeCheckpoints,
  largeTasks,
  bogusReports,
  taskFlood,
  readerFlood,
];
