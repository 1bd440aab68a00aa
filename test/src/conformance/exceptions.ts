/** What is tested: our server and our client with gRPC, and the gateway with the Connect protocol. */
export type Mode = "server" | "client" | "gateway";

/** A case whose expectation is not that of the specification. */
export interface Exception {
  readonly mode: Mode;
  /** The cases, by their names. */
  readonly cases: RegExp;
  /** All of what the suite says about one of them. Anything else is a failure. */
  readonly failure: RegExp;
  /** The sentence. */
  readonly sentence: string;
  readonly source: string;
  /** What is done here, and why. */
  readonly because: string;
}

const statusDetails = {
  mode: "server",
  failure: /^actual error contain 1 details; expecting 0$/,
  sentence: "Status-Details is allowed only if Status is not OK.",
  source: "https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses",
} as const;

/**
 * What the suite expects otherwise than the specification. The suite counts the details of an error, where the specification allows
 * them; its own source says, next to the comparison: "Should this be more lenient?"
 */
export const exceptions: readonly Exception[] = [
  {
    ...statusDetails,
    cases: /^Server Message Size\/.*-exceeds-server-limit$/,
    because: "The error says its reason, REQUEST_TOO_LARGE, in a google.rpc.ErrorInfo.",
  },
  {
    ...statusDetails,
    cases: /^gRPC Unexpected Requests\/.*\/unexpected-compression$/,
    because: "The error says its reason, ENCODING_REFUSED, in a google.rpc.ErrorInfo.",
  },
  {
    mode: "gateway",
    cases: /^Server Message Size\/.*-exceeds-server-limit$/,
    failure:
      /^(connect error JSON: details\[0\]: could not check debug data [^\n]*\n; )?actual error contain 1 details; expecting 0$/,
    sentence: "Details are an optional mechanism for servers to attach strongly-typed messages to errors.",
    source: "https://connectrpc.com/docs/protocol#error-end-stream",
    because:
      "The error says its reason, REQUEST_TOO_LARGE, in a google.rpc.ErrorInfo, of a type that the suite does not have.",
  },
  {
    mode: "client",
    cases: /^HTTP to RPC Code Mapping\/.*\/request-header-fields-too-large$/,
    failure: /^actual error \{code: 13 \(internal\), [^\n]*\} does not match expected code 2 \(unknown\)$/,
    sentence: "431 Request Header Fields Too Large | INTERNAL",
    source: "https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md",
    because: "The suite expects UNKNOWN, which the table has for all codes without a row of their own.",
  },
];

/** The exception that covers a failure, if there is one. */
export function exceptionFor(mode: Mode, name: string, failure: string): Exception | undefined {
  return exceptions.find((one) => one.mode === mode && one.cases.test(name) && one.failure.test(failure));
}
