import type { Metadata } from "@grpc/grpc-js";
import { encodeBinary, encodeStatusMessage, type HeaderList, offeredEncodings } from "@interlock/wire";

const head: HeaderList = [":status", "200", "content-type", "application/grpc+proto"];

/** The header list before the messages of an answer. It recurs. */
export const answerHead: HeaderList = [...head, "grpc-accept-encoding", offeredEncodings];

/** The encoding of the messages of an answer that are compressed. */
export const packing = "gzip";

/** The header list before messages that may be compressed. It recurs. */
export const packedHead: HeaderList = [...answerHead, "grpc-encoding", packing];

/** The trailers of an answer that succeeded. They recur. */
export const succeeded: HeaderList = ["grpc-status", "0"];

/** The answer to what is no gRPC (PROTOCOL-HTTP2, "Requests"). It recurs. */
export const unsupportedMediaType: HeaderList = [":status", "415"];

/** The answer to another verb than POST (RFC 9110, section 15.5.6). It recurs. */
export const methodNotAllowed: HeaderList = [":status", "405", "allow", "POST"];

const ofHead: ReadonlySet<string> = new Set([":status", "content-type", "grpc-encoding", "grpc-accept-encoding"]);

/**
 * Splits a "Trailers-Only" answer into the header list before an answer, and trailers. One that is not gRPC has a header list alone.
 */
export function splitTrailersOnly(headers: HeaderList): { readonly head: HeaderList; readonly trailers: HeaderList } {
  const [head, trailers]: [string[], string[]] = [[], []];
  let isGrpc = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (name === "grpc-status") isGrpc = true;
    (ofHead.has(name) ? head : trailers).push(name, headers[i + 1] as string);
  }
  return isGrpc ? { head, trailers } : { head: headers, trailers: [] };
}

/** A header list with metadata, in its order. */
export function listWith(list: HeaderList, ...more: readonly (Metadata | undefined)[]): HeaderList {
  return [...list, ...more.flatMap((metadata) => (metadata ? fieldsOf(metadata) : []))];
}

/** A status as trailers. */
export function trailersOf(code: number, message: string, metadata: Metadata | undefined): HeaderList {
  const fields = ["grpc-status", String(code)];
  if (message !== "") fields.push("grpc-message", encodeStatusMessage(message));
  if (metadata) fields.push(...fieldsOf(metadata));
  return fields;
}

/** A status as the whole answer: "Trailers-Only". */
export function trailersOnlyOf(code: number, message: string, metadata: Metadata | undefined): HeaderList {
  return [...head, ...trailersOf(code, message, metadata)];
}

function fieldsOf(metadata: Metadata): string[] {
  const fields: string[] = [];
  for (const name of Object.keys(metadata.getMap())) {
    for (const value of metadata.get(name)) fields.push(name, typeof value === "string" ? value : encodeBinary(value));
  }
  return fields;
}
