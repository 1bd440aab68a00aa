import { type Reset, type StatusCode, statusCode, statusOfReset } from "@interlock/wire";

const texts: Readonly<Record<number, string>> = {
  0: "Received RST_STREAM with code 0 (Call ended without gRPC status)",
  2: "Received RST_STREAM with code 2 (Internal server error)",
  7: "Stream refused by server",
  8: "Call cancelled",
  11: "Bandwidth exhausted or memory limit exceeded",
  12: "Protocol not secure enough",
};

/** The status of a call whose stream has ended before its end, in the words of grpc-js, which `base/plain-details.ts` reads. */
export function statusOf({ code, cause, unprocessed }: Reset): { readonly code: StatusCode; readonly details: string } {
  if (unprocessed) return { code: statusCode.unavailable, details: texts[7] as string };
  if (cause === "connection") return { code: statusCode.unavailable, details: "Connection dropped" };
  if (cause === "fault") {
    return { code: statusOfReset(code), details: `Received a response against the rules of HTTP/2 (error ${code})` };
  }
  return { code: statusOfReset(code), details: texts[code] ?? `Received RST_STREAM with code ${code}` };
}
