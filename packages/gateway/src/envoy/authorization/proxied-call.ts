import type { CheckRequest } from "../../gen/envoy/service/auth/v3/external_auth.js";

/** A call as a proxy tells of it. Nothing of it is verified. */
export interface ProxiedCall {
  /** The `:path`. */
  readonly path: string;
  /** Every value of the `authorization` header. Envoy joins several by commas, so there is at most one, which is then malformed. */
  readonly authorization: readonly string[];
  /** `x-forwarded-client-cert`, as Envoy has written it. */
  readonly forwarded: string;
  /** The SPIFFE ID that the proxy has read from the certificate. */
  readonly principal: string;
  /** `host:port` of the caller. */
  readonly address: string;
  /** W3C Trace Context; empty for none. */
  readonly traceparent: string;
}

/** Reads what a proxy asks about. What is missing is empty. */
export function readCall({ attributes }: CheckRequest): ProxiedCall {
  const { headers, path = "" } = attributes?.request?.http ?? {};
  const { address, principal = "" } = attributes?.source ?? {};
  const { address: host = "", portValue = 0 } = address?.socketAddress ?? {};
  const { authorization, traceparent = "" } = headers ?? {};
  return {
    path,
    authorization: authorization === undefined ? [] : [authorization],
    forwarded: headers?.["x-forwarded-client-cert"] ?? "",
    principal,
    address: host === "" ? "" : `${host}:${portValue}`,
    traceparent,
  };
}
