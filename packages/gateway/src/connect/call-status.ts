import { Status } from "@interlock/bot/internal";
import { decodeBinary, decodeStatusMessage, type HeaderList, parseStatus, statusCode } from "@interlock/wire";

/** A detail of an error, as `google.rpc.Status` has it. */
export interface Detail {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

/** How a call has ended. */
export interface CallStatus {
  readonly code: number;
  readonly message: string;
  readonly details: readonly Detail[];
}

/** Reads the status in trailers of gRPC; UNKNOWN where there is none. Details that cannot be read are left out. */
export function callStatusIn(trailers: HeaderList): CallStatus {
  let code: number = statusCode.unknown;
  let message = "";
  let details: readonly Detail[] = [];
  for (let i = 0; i < trailers.length; i += 2) {
    const value = trailers[i + 1] as string;
    if (trailers[i] === "grpc-status") code = parseStatus(value);
    else if (trailers[i] === "grpc-message") message = decodeStatusMessage(value);
    else if (trailers[i] === "grpc-status-details-bin") details = readDetails(value);
  }
  return { code, message, details };
}

function readDetails(value: string): readonly Detail[] {
  const [bytes] = decodeBinary(value) ?? [];
  try {
    return bytes ? Status.decode(bytes).details : [];
  } catch {
    return [];
  }
}
