const grpc = "application/grpc";
const grpcProto = `${grpc}+proto`;

/**
 * The codec of the messages that a `content-type` announces (PROTOCOL-HTTP2, "Content-Type"). It is "proto" where the type is
 * `application/grpc` alone. Parameters are passed over, and letters have no case (RFC 9110, section 8.3.1).
 *
 * @returns The codec's name, for example "proto" or "json", or "" after an empty suffix; `undefined` where the content is not
 * gRPC at all, which a server answers with the HTTP status 415.
 *
 * @example
 * ```ts
 * codecOf("application/grpc+json"); // "json"
 * codecOf("application/grpc-web"); // undefined
 * ```
 */
export function codecOf(contentType: string): string | undefined {
  if (contentType === grpc || contentType === grpcProto) return "proto"; // Nearly every call has one of these.
  const [type = ""] = contentType.split(";", 1);
  const essence = type.trim().toLowerCase();
  if (essence === grpc) return "proto";
  return essence.startsWith(`${grpc}+`) ? essence.slice(grpc.length + 1) : undefined;
}
