import type { Metadata } from "@grpc/grpc-js";
import { metadataNameFault } from "@interlock/wire";
import { InterlockError } from "./error.js";

/** The most that the metadata of one call takes: 32 KiB as HTTP/2 counts headers (RFC 9113, section 6.5.2), half of what servers take. */
const maximumBytes = 32 * 1_024;
/** How many values it has at most; servers take 128 headers in all. */
const maximumValues = 100;
/** What HTTP/2 adds to each header in its count. */
const headerBytes = 32;

/** Names with a token, or a reference to one. */
const ofToken: ReadonlySet<string> = new Set(["authorization", "interlock-token-reference"]);
/** Names that libraries above gRPC send, and that Interlock sets itself. */
const ofLibrary: ReadonlySet<string> = new Set(["grpc-previous-rpc-attempts", "grpc-status-details-bin"]);

// Node does not send more than one value of these, and grpc-js would try again without end.
const singleValued: ReadonlySet<string> = new Set(
  (
    "access-control-allow-credentials access-control-max-age access-control-request-method age content-encoding " +
    "content-language content-location content-md5 content-range date dnt etag expires from if-match if-modified-since " +
    "if-none-match if-range if-unmodified-since last-modified location max-forwards proxy-authorization range referer " +
    "retry-after tk upgrade-insecure-requests x-content-type-options"
  ).split(" "),
);

/**
 * Checks the metadata that a caller or a handler sends along, before a byte of it is sent.
 *
 * @throws `INVALID_ARGUMENT` where it cannot be sent as it is, `RESOURCE_EXHAUSTED` where it is too large.
 */
export function checkMetadata(metadata: Metadata): void {
  let bytes = 0;
  let count = 0;
  for (const [name, given] of Object.entries(metadata.toHttp2Headers())) {
    const values = [given ?? []].flat().map(String);
    checkName(name, values.length);
    if (!name.endsWith("-bin")) for (const value of values) checkValue(name, value);
    count += values.length;
    for (const value of values) bytes += name.length + value.length + headerBytes;
  }
  if (bytes <= maximumBytes && count <= maximumValues) return;
  const found = `${count} values of ${bytes} bytes in all`;
  throw new InterlockError(
    "RESOURCE_EXHAUSTED",
    `The metadata has ${found}; ${maximumValues} values of ${maximumBytes} bytes are allowed. Send it in a message.`,
  );
}

/** The metadata without the names that HTTP/2, gRPC and Interlock set: what the other end has sent along. A copy. */
export function withoutReserved(metadata: Metadata): Metadata {
  const rest = metadata.clone();
  for (const name of Object.keys(metadata.getMap())) if (isReserved(name)) rest.remove(name);
  return rest;
}

function isReserved(name: string): boolean {
  if (ofToken.has(name) || ofLibrary.has(name) || name.startsWith("interlock-")) return true;
  return metadataNameFault(name) === "reserved";
}

function checkName(name: string, values: number): void {
  if (ofToken.has(name)) throw invalid('Metadata "authorization" is set by Interlock; leave it out.');
  if (isReserved(name)) {
    throw invalid(`Metadata "${shown(name)}" is reserved for HTTP/2, gRPC or Interlock; choose another name.`);
  }
  if (values > 1 && singleValued.has(name)) throw invalid(`Metadata "${name}" can have one value; give it one.`);
}

function checkValue(name: string, value: string): void {
  if (!/^[ -~]*$/.test(value)) {
    throw invalid(
      `Metadata "${shown(name)}" has a value with characters that are not ASCII; name it "${shown(name)}-bin".`,
    );
  }
  if (value !== value.trim()) {
    throw invalid(
      `Metadata "${shown(name)}" begins or ends with spaces, which are not sent; name it "${shown(name)}-bin".`,
    );
  }
}

function shown(name: string): string {
  return name.slice(0, 64);
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
