import type { Metadata, ServerUnaryCall, ServerWritableStream, sendUnaryData } from "@grpc/grpc-js";
import { type Init, InterlockError } from "@interlock/bot";
import { toStatus } from "@interlock/bot/internal";
import type { SpiffeWorkloadAPI } from "../gen/spiffe/workload/workload_interlock.js";
import type { Doorkeeper } from "./doorkeeper.js";
import { endWith, openGivenStream } from "./given-stream.js";
import type { Granted } from "./standing.js";
import { x509BundlesResponse, x509SvidResponse } from "./x509-messages.js";

/** The metadata that every call of the Workload API carries (SPIFFE Workload Endpoint, section 3). */
const securityHeader = "workload.spiffe.io";

/** Makes the handlers of the SPIFFE Workload API, for grpc-js. */
export function createWorkloadService(door: Doorkeeper) {
  return {
    fetchX509Svid: streamOf(door, x509SvidResponse),
    fetchX509Bundles: streamOf(door, x509BundlesResponse),
    fetchJwtsvid: refuseOne,
    validateJwtsvid: refuseOne,
    fetchJwtBundles: (call: ServerWritableStream<unknown, unknown>) =>
      endWith(call, faultIn(call.metadata) ?? noTokens),
  } satisfies Record<keyof typeof SpiffeWorkloadAPI.methods, unknown>;
}

/** Streams the message of what is given out: at once, and after each change. */
function streamOf<T>(door: Doorkeeper, toMessage: (granted: Granted) => Init<T>) {
  return (call: ServerWritableStream<unknown, Init<T>>): void => {
    const fault = faultIn(call.metadata);
    if (fault) endWith(call, fault);
    else openGivenStream(call, door, toMessage).show();
  };
}

function refuseOne({ metadata }: ServerUnaryCall<unknown, unknown>, answer: sendUnaryData<unknown>): void {
  answer(toStatus(faultIn(metadata) ?? noTokens));
}

function faultIn(metadata: Metadata): InterlockError | undefined {
  const values = metadata.get(securityHeader);
  if (values.length === 1 && values[0] === "true") return undefined;
  const remedy = `send the metadata "${securityHeader}: true", as every library of the Workload API does`;
  return new InterlockError("INVALID_ARGUMENT", `The security header is missing: ${remedy}.`);
}

/** The answer of the JWT-SVID profile, which an operator may leave out (SPIFFE Workload API, section 1). */
const noTokens = new InterlockError(
  "UNIMPLEMENTED",
  "The agent gives out no JWT-SVIDs: tokens of this fleet are bound to a certificate, for one service and its scopes, and a JWT-SVID " +
    "is neither. Ask the token endpoint of the authority with the certificate.",
);
