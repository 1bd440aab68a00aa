// Headers of HTTP/1.1 that HTTP/2 forbids (RFC 9113, section 8.2.2) or replaces, and those that gRPC sets itself.
const reserved: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "content-type",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "user-agent",
]);

// Names that begin as gRPC's own do, and that libraries above it send: rich errors, tracing and repeated calls.
const allowed: ReadonlySet<string> = new Set([
  "grpc-previous-rpc-attempts",
  "grpc-status-details-bin",
  "grpc-tags-bin",
  "grpc-trace-bin",
]);

const namePattern = /^[0-9a-z_.-]+$/;
const valuePattern = /^(?! )[ -~]*(?<! )$/;

/** Why a name cannot be that of custom metadata (PROTOCOL-HTTP2, "Custom-Metadata"); `undefined` where it can. */
export function metadataNameFault(name: string): "malformed" | "reserved" | undefined {
  // A pseudo-header is one of HTTP/2 itself, rather than a name with a wrong character.
  if (reserved.has(name) || name.startsWith(":")) return "reserved";
  if (!namePattern.test(name)) return "malformed";
  return name.startsWith("grpc-") && !allowed.has(name) ? "reserved" : undefined;
}

/** Whether the values of a header are bytes, in base64 (PROTOCOL-HTTP2, "Binary-Header"). */
export function isBinaryName(name: string): boolean {
  return name.endsWith("-bin");
}

/**
 * Whether a value can be sent as it is in a header whose name does not end in "-bin" (PROTOCOL-HTTP2, "ASCII-Value"): printable
 * ASCII without outer spaces, which HTTP/2 forbids (RFC 9113, section 8.2.1). It may be empty; the grammar asks for one
 * character, and gRPC's implementations do not.
 *
 * A value that was received can be one that must not be sent. It is then an error to send it on, and none to have received it.
 */
export function isAsciiValue(value: string): boolean {
  return valuePattern.test(value);
}
