import { Metadata } from "@grpc/grpc-js";
import {
  codecOf,
  type DecodedBlock,
  decodeBinary,
  decodeStatusMessage,
  isBinaryName,
  parseStatus,
  readOnce,
  type StatusCode,
  statusCode,
  statusOfHttp,
} from "@interlock/wire";

/** What a header list of a response says, as far as gRPC is concerned (PROTOCOL-HTTP2, "Responses"). */
export interface ResponseBlock {
  /** The value of `:status`; 0 in trailers. */
  readonly httpStatus: number;
  /** The encoding of the messages that are compressed. */
  readonly encoding: string;
  /** The value of `grpc-accept-encoding`, where there is one. */
  readonly acceptEncoding: string | undefined;
  /** Why the response is none of gRPC, where it has no `grpc-status`. */
  readonly fault: ResponseFault | undefined;
  /** The value of `grpc-status`. */
  readonly status: StatusCode | undefined;
  /** The value of `grpc-message`, decoded. */
  readonly message: string;
  /** The other fields. It is shared: {@link metadataOf} gives a copy. */
  readonly fields: Metadata | undefined;
}

/** A code and what a caller is told. */
export interface ResponseFault {
  readonly code: StatusCode;
  readonly details: string;
  /** Whether it is content of gRPC, under an HTTP status that is not 200: trailers may follow that know more. */
  readonly mayBeGrpc: boolean;
}

/** Reads a header list. One that comes again is read once. */
export function readResponse(block: DecodedBlock): ResponseBlock {
  return readOnce(block, read);
}

/** The metadata of a response, which its taker may change. */
export function metadataOf({ fields }: ResponseBlock): Metadata {
  return fields ? fields.clone() : new Metadata();
}

function read(headers: readonly string[]): ResponseBlock {
  let httpStatus = 0;
  let encoding = "identity";
  let contentType: string | undefined;
  let acceptEncoding: string | undefined;
  let status: StatusCode | undefined;
  let message = "";
  let fields: Metadata | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    if (name === ":status") httpStatus = Number(value);
    else if (name === "grpc-status") status = parseStatus(value);
    else if (name === "grpc-message") message = decodeStatusMessage(value);
    else if (name === "grpc-encoding") encoding = value;
    else if (name === "grpc-accept-encoding") acceptEncoding = value;
    else {
      if (name === "content-type") contentType = value;
      fields ??= new Metadata();
      add(fields, name, value);
    }
  }
  const fault = httpStatus === 0 ? undefined : faultOf(httpStatus, contentType);
  return { httpStatus, encoding, acceptEncoding, fault, status, message, fields };
}

/** What is wrong with the head of a response. */
function faultOf(httpStatus: number, contentType: string | undefined): ResponseFault | undefined {
  const codec = contentType === undefined ? undefined : codecOf(contentType);
  if (httpStatus !== 200) {
    const details = `Received HTTP status code ${httpStatus}`;
    return { code: statusOfHttp(httpStatus), details, mayBeGrpc: codec !== undefined };
  }
  if (codec === "proto" || codec === "") return undefined;
  const shown =
    contentType === undefined ? "no content-type" : `content-type ${JSON.stringify(contentType.slice(0, 80))}`;
  const code = codec === undefined ? statusCode.unknown : statusCode.internal;
  return { code, details: `Received ${shown} in place of application/grpc`, mayBeGrpc: false };
}

function add(metadata: Metadata, name: string, value: string): void {
  try {
    if (!isBinaryName(name)) metadata.add(name, value);
    else for (const bytes of decodeBinary(value) ?? [Buffer.from(value, "base64")]) metadata.add(name, bytes);
  } catch {
    // Metadata of grpc-js takes no value that is not printable ASCII. The call goes on without it, as in grpc-js.
  }
}
