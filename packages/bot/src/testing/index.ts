// For tests and benchmarks of this repository: it is not in the package that is published.
export { decodeErrorInfo } from "../base/error-details.js";
export type { ErrorInfo } from "../gen/google/rpc/status.js";
export { tlsContext } from "../identity/tls-context.js";
export { verifyPeer } from "../identity/verify-peer.js";
export { type CertificateAttack, certificateAttacks } from "./certificate-attacks.js";
export { closeOf } from "./close-of.js";
export { type Decoy, decoy, decoyChain, decoyName, junkChain } from "./decoys.js";
export { type Deferred, deferred } from "./deferred.js";
export { boolean, integer, longElement, octets, sequence, text, utcTime } from "./der.js";
export { describedEcho } from "./described-echo.js";
export { type EchoServer, serveEcho } from "./echo-server.js";
export {
  basicConstraints,
  extendedKeyUsage,
  extension,
  handMade,
  handMadeCsr,
  keyUsage,
  me,
  type RawLeaf,
  san,
  uri,
} from "./hand-made.js";
export { createMemoryIssuer } from "./memory-issuer.js";
export { plainCall, plainCredentials, plainOptions } from "./plain-client.js";
export { plaintextSession, type RawAnswer, rawCall, rawSession, rawTls, shows } from "./raw-client.js";
export { chainOf, isChildOf, recordSpans, type SpanRecorder } from "./span-recorder.js";
export {
  caExtensions,
  ecKey,
  permittedHost,
  rsaKey,
  type Specimen,
  type SpecimenHash,
  type SpecimenIssuer,
  type SpecimenOptions,
  specimen,
  svidExtensions,
  unknownExtension,
} from "./specimen.js";
export { createTestCa, type LeafOptions, type TestCa } from "./test-ca.js";
export { startTestCluster, type TestCluster, type TestPod } from "./test-cluster.js";
export { createTestFleet, EchoService, type TestFleet } from "./test-fleet.js";
export { startTestIssuer, type TestIssuer } from "./test-issuer.js";
export { type TokenAttack, tokenAttacks } from "./token-attacks.js";
