import { Metadata } from "@grpc/grpc-js";
import {
  codecOf,
  type DecodedBlock,
  decodeBinary,
  type HeaderList,
  isBinaryName,
  parseTimeout,
  readOnce,
} from "@interlock/wire";
import { referenceKey } from "../token/reference.js";
import type { TracedHead } from "../tracing/served-trace.js";

/** What the header list of a request says, so far as a server looks at it before the call is admitted. */
export interface RequestHead extends TracedHead {
  readonly method: string;
  readonly path: string;
  /** Whether it is a call of gRPC whose messages are protobuf. */
  readonly isGrpc: boolean;
  /** Milliseconds; absent where there is no deadline, `malformed` where it cannot be read. */
  readonly timeoutMs: number | "malformed" | undefined;
  /** The encoding of its messages. */
  readonly encoding: string;
  /** The encodings that the caller takes, as it lists them. */
  readonly acceptEncoding: string;
  readonly userAgent: string;
  /** Every value of `authorization`. */
  readonly authorization: readonly string[];
  /** Every reference to a token. */
  readonly references: readonly string[];
}

const none: readonly string[] = [];

/** Reads the header list of a request. One that comes again, byte by byte, is read once. */
export function requestHeadOf(block: DecodedBlock): RequestHead {
  return readOnce(block, read);
}

function read(headers: HeaderList): RequestHead {
  let [method, path, contentType, timeout, encoding, acceptEncoding, userAgent] = ["", "", "", "", "identity", "", ""];
  let authorization = none;
  let references = none;
  for (let i = 0; i < headers.length; i += 2) {
    const value = headers[i + 1] as string;
    switch (headers[i]) {
      case ":method":
        method = value;
        break;
      case ":path":
        path = value;
        break;
      case "content-type":
        contentType = value;
        break;
      case "grpc-timeout":
        timeout = value;
        break;
      case "grpc-encoding":
        encoding = value;
        break;
      case "grpc-accept-encoding":
        acceptEncoding = value;
        break;
      case "user-agent":
        userAgent = value;
        break;
      case "authorization":
        authorization = [...authorization, value];
        break;
      case referenceKey:
        references = [...references, value];
    }
  }
  const codec = codecOf(contentType);
  return {
    method,
    path,
    isGrpc: codec === "proto",
    timeoutMs: timeout === "" ? undefined : (parseTimeout(timeout) ?? "malformed"),
    encoding,
    acceptEncoding,
    userAgent,
    authorization,
    references,
    headers,
    unrecorded: undefined,
  };
}

/** Headers of the protocol, which are not metadata. */
const ofProtocol = new Set(["content-type", "te", "grpc-timeout", "grpc-encoding", "grpc-accept-encoding"]);

/** The metadata in a header list. Names and values that are malformed are left out. */
export function metadataIn(headers: HeaderList): Metadata {
  const metadata = new Metadata();
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (name.startsWith(":") || ofProtocol.has(name)) continue;
    add(metadata, name, headers[i + 1] as string);
  }
  return metadata;
}

function add(metadata: Metadata, name: string, value: string): void {
  try {
    if (!isBinaryName(name)) metadata.add(name, value);
    else for (const bytes of decodeBinary(value) ?? []) metadata.add(name, bytes);
  } catch {
    // HTTP/2 allows more characters than metadata of grpc-js, which throws: the call goes on without that field.
  }
}
