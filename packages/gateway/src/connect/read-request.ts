import type { IncomingMessage } from "node:http";
import { InterlockError } from "@interlock/bot";
import type { RunnableMethod } from "@interlock/bot/internal";
import { formatTimeout, type HeaderList } from "@interlock/wire";
import { requestMetadata } from "./metadata.js";
import type { PacedForms } from "./paced-forms.js";
import { readQuery } from "./query.js";

/** A method that can be called over this port. */
export interface CallableMethod {
  readonly served: RunnableMethod;
  /** Absent where nothing describes its messages: they are proto then. */
  readonly forms: PacedForms | undefined;
}

/** A request, as far as its head says. */
export interface ConnectRequest {
  /** The header list that it would have over gRPC. */
  readonly headers: HeaderList;
  /** The method of its path. */
  readonly callable: CallableMethod | undefined;
  /** Whether it is a call: the method may be called with this verb and this media type. */
  readonly isCall: boolean;
  readonly codec: "json" | "proto";
  /** Whether its messages stand in envelopes. */
  readonly isStream: boolean;
  /** The encoding of its messages. */
  readonly encoding: "identity" | "gzip";
  /** Whether its answer may be compressed. */
  readonly takesGzip: boolean;
  /** The message, where it came with the head. */
  readonly message: Buffer | undefined;
  /** Why it cannot be answered. This is told once it has been admitted. */
  readonly fault: InterlockError | undefined;
}

/** The media types of requests. */
export const mediaTypes = {
  unary: ["application/json", "application/proto"],
  serverStreaming: ["application/connect+json", "application/connect+proto"],
} as const;

/** Reads the head of a request. */
export function readRequest(
  request: IncomingMessage,
  find: (path: string) => CallableMethod | undefined,
): ConnectRequest {
  const { method = "", url = "/", headers } = request;
  const at = url.indexOf("?");
  const path = at < 0 ? url : url.slice(0, at);
  const callable = find(path);
  const query = method === "GET" && at >= 0 ? readQuery(url.slice(at + 1)) : undefined;
  const form = callable && formOf(method, headers["content-type"], query?.codec, callable.served);
  const isStream = form?.isStream ?? false;
  const encoding =
    query?.encoding ?? one(headers[isStream ? "connect-content-encoding" : "content-encoding"]) ?? "identity";
  const accepted = one(headers[isStream ? "connect-accept-encoding" : "accept-encoding"]);
  const timeout = one(headers["connect-timeout-ms"]);
  const version = query ? query.version?.replace(/^v/, "") : one(headers["connect-protocol-version"]);
  const metadata = requestMetadata(request.rawHeaders);
  const isTimeout = timeout === undefined || /^\d{1,10}$/.test(timeout);

  function findFault(): InterlockError | undefined {
    const { served, forms } = callable as CallableMethod;
    if (version !== undefined && version !== "1")
      return invalid(`The version of the Connect protocol is 1, not "${version}".`);
    if (!isTimeout) return invalid("Connect-Timeout-Ms takes milliseconds: up to 10 digits.");
    if (metadata.malformed !== undefined)
      return invalid(`The header ${metadata.malformed} may have printable ASCII only.`);
    if (query && query.message === undefined) return invalid("The query has no message that can be read.");
    const { kind } = served.method;
    if (kind !== "unary" && kind !== "serverStreaming") {
      return unimplemented(`${path} takes a stream of requests: call it over gRPC.`);
    }
    if (encoding !== "identity" && encoding !== "gzip") {
      return unimplemented(`The encoding "${encoding}" is not known here: use identity or gzip.`);
    }
    if (form?.codec === "json" && !forms) {
      return unimplemented("The messages of this service are not described here: send application/proto.");
    }
    return undefined;
  }

  return {
    headers: [
      ":method",
      callable && !form ? verbFor(method, callable.served) : "POST",
      ":scheme",
      "https",
      ":authority",
      headers.host ?? "",
      ":path",
      path,
      "content-type",
      callable && !form ? "" : "application/grpc+proto",
      "te",
      "trailers",
      ...(timeout !== undefined && isTimeout ? ["grpc-timeout", formatTimeout(Number(timeout))] : []),
      ...metadata.headers,
    ],
    callable,
    isCall: form !== undefined,
    codec: form?.codec ?? "json",
    isStream,
    encoding: encoding === "gzip" ? "gzip" : "identity",
    takesGzip: accepted === undefined ? encoding === "gzip" : lists(accepted, "gzip"),
    message: query?.message,
    fault: form && findFault(),
  };
}

interface Form {
  readonly codec: "json" | "proto";
  readonly isStream: boolean;
}

/** What the messages of a request look like; `undefined` where the method cannot be called like that. */
function formOf(
  verb: string,
  contentType: string | undefined,
  queried: string | undefined,
  served: RunnableMethod,
): Form | undefined {
  const { kind } = served.method;
  if (verb === "GET") {
    if (!hasGet(served) || (queried !== "json" && queried !== "proto")) return undefined;
    return { codec: queried, isStream: false };
  }
  if (verb !== "POST") return undefined;
  const found = /^application\/(connect\+)?(json|proto)\s*(?:;.*)?$/i.exec(contentType ?? "");
  const isStream = found?.[1] !== undefined;
  if (!found || isStream !== (kind !== "unary")) return undefined;
  return { codec: (found[2] as string).toLowerCase() as Form["codec"], isStream };
}

/** Whether a method may be called with GET: it has no side effects. */
export function hasGet({ method }: Pick<RunnableMethod, "method">): boolean {
  return method.kind === "unary" && method.idempotency === "noSideEffects";
}

/** The verb that makes a server refuse a request for it, and not for its media type; or the other way round. */
function verbFor(verb: string, served: RunnableMethod): string {
  return verb === "POST" || (verb === "GET" && hasGet(served)) ? "POST" : verb;
}

function lists(accepted: string, encoding: string): boolean {
  return accepted.split(",").some((part) => {
    const [name = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    return name === encoding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}

function one(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" ? value : value?.join(",");
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}

function unimplemented(message: string): InterlockError {
  return new InterlockError("UNIMPLEMENTED", message);
}
