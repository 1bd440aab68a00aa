// For tests and benchmarks of this repository: it is not in the package that is published.
export { decodeErrorInfo } from "../base/error-details.js";
export type { ErrorInfo } from "../gen/google/rpc/status.js";
export { tlsContext } from "../identity/tls-context.js";
export { type CertificateAttack, certificateAttacks } from "./certificate-attacks.js";
export { type Decoy, decoy, decoyChain, decoyName, junkChain } from "./decoys.js";
export { type Deferred, deferred } from "./deferred.js";
export { boolean, longElement } from "./der.js";
export { type EchoServer, serveEcho } from "./echo-server.js";
export {
  basicConstraints,
  extendedKeyUsage,
  handMade,
  handMadeCsr,
  keyUsage,
  me,
  type RawLeaf,
  san,
  uri,
} from "./hand-made.js";
export { plainCall, plainCredentials, plainOptions } from "./plain-client.js";
export { plaintextSession, type RawAnswer, rawCall, rawSession, rawTls, shows } from "./raw-client.js";
export { createTestCa, type LeafOptions, type TestCa } from "./test-ca.js";
export { createTestFleet, EchoService, type TestFleet } from "./test-fleet.js";
export { type TokenAttack, tokenAttacks } from "./token-attacks.js";
