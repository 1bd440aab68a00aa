import type { HeaderList } from "@interlock/wire";
import { isAsciiValue, isBinaryName, metadataNameFault } from "@interlock/wire";

/** Headers of HTTP and of Connect, which are not metadata. */
const ofProtocol: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "content-encoding",
  "expect",
  "proxy-authorization",
  "trailer",
]);

/** Metadata of a request, or what is wrong with it. */
export interface RequestMetadata {
  readonly headers: HeaderList;
  /** The name of a header whose value cannot be metadata. */
  readonly malformed: string | undefined;
}

/**
 * The headers of a request over HTTP that are metadata of the call (Connect protocol, "Leading-Metadata"): its own names are left out,
 * and those that only this port and a bot say to each other.
 *
 * @param raw - Names and values in turn, as they came.
 */
export function requestMetadata(raw: readonly string[]): RequestMetadata {
  const headers: string[] = [];
  let malformed: string | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    const value = raw[i + 1] as string;
    if (ofProtocol.has(name) || name.startsWith("connect-") || name.startsWith("interlock-")) continue;
    if (name !== "user-agent" && metadataNameFault(name) !== undefined) continue;
    if (!isAsciiValue(value)) malformed ??= name;
    else headers.push(name, value);
  }
  return { headers, malformed };
}

/** The metadata in a header list of an answer, as headers of HTTP: names and values in turn. */
export function responseMetadata(list: HeaderList, prefix: "" | "trailer-"): string[] {
  const headers: string[] = [];
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] as string;
    if (isMetadata(name)) headers.push(prefix + name, list[i + 1] as string);
  }
  return headers;
}

/** The metadata in trailers, as the end of a stream has it. */
export function trailersJson(list: HeaderList): Record<string, string[]> {
  const json: Record<string, string[]> = Object.create(null);
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] as string;
    if (!isMetadata(name)) continue;
    json[name] ??= [];
    json[name].push(list[i + 1] as string);
  }
  return json;
}

/** Headers by which a bot would say something of this port, or of what is written here. */
const ofAnswer: ReadonlySet<string> = new Set(["alt-svc", "content-encoding", "set-cookie", "www-authenticate"]);

/** The only thing of our own that concerns somebody who reads the answer: by it both sides find the call in their logs. */
const callId = "interlock-call-id";

function isMetadata(name: string): boolean {
  if (name.startsWith(":") || name.startsWith("connect-") || name.startsWith("trailer-")) return false;
  if (ofAnswer.has(name) || name.startsWith("access-control-")) return false;
  if (name.startsWith("interlock-")) return name === callId;
  if (name.startsWith("grpc-") && isBinaryName(name)) return name !== "grpc-status-details-bin";
  return metadataNameFault(name) === undefined;
}
