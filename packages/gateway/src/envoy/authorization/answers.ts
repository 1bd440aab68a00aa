import type { Code, Init, InterlockError } from "@interlock/bot";
import { toStatus } from "@interlock/bot/internal";
import { encodeBinary, encodeStatusMessage } from "@interlock/wire";
import {
  HeaderValueOption_HeaderAppendAction as Append,
  type CheckResponse,
  type HeaderValueOption,
} from "../../gen/envoy/service/auth/v3/external_auth.js";
import { reasonHeader, upstreamHeader } from "../names.js";
import type { Passage } from "./decide.js";

/** The answer that lets a call pass: its cluster, and its token in place of the caller's. */
export function passed({ cluster, token }: Passage): Init<CheckResponse> {
  const headers = [header(upstreamHeader, cluster)];
  if (token !== undefined) headers.push(header("authorization", `Bearer ${token}`));
  // The caller's own token is for the caller: where the bot needs none, it gets none.
  const headersToRemove = token === undefined ? ["authorization"] : [];
  return { status: { code: 0 }, httpResponse: { $case: "okResponse", value: { headers, headersToRemove } } };
}

/** The answer that refuses a call with an error as a bot would send it: status, message, details, id. */
export function refused(error: InterlockError, callId: string): Init<CheckResponse> {
  const { code, details, metadata } = toStatus(error, callId);
  const headers = [header("grpc-status", String(code)), header("grpc-message", encodeStatusMessage(details))];
  for (const name of Object.keys(metadata.getMap())) {
    for (const value of metadata.get(name))
      headers.push(header(name, typeof value === "string" ? value : encodeBinary(value)));
  }
  if (error.reason !== undefined) headers.push(header(reasonHeader, error.reason));
  const status = { code: httpCodes[error.code] ?? 500 };
  return { status: { code }, httpResponse: { $case: "deniedResponse", value: { status, headers, body: details } } };
}

// For callers that speak no gRPC; those that do get the headers.
const httpCodes: Partial<Record<Code, number>> = {
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  UNIMPLEMENTED: 404,
  RESOURCE_EXHAUSTED: 429,
  UNAVAILABLE: 503,
};

function header(key: string, value: string): Init<HeaderValueOption> {
  return { header: { key, value }, appendAction: Append.OVERWRITE_IF_EXISTS_OR_ADD };
}
