import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { type CallOptions, type Client, InterlockError } from "@interlock/bot";
import type { ClientCompatRequest, ClientResponseResult } from "../gen/connectrpc/conformance/v1/client_compat.js";
import { type Code, StreamType } from "../gen/connectrpc/conformance/v1/config.js";
import {
  BidiStreamRequest,
  ClientStreamRequest,
  type ConformancePayload,
  type Error as ErrorDefinition,
  IdempotentUnaryRequest,
  ServerStreamRequest,
  UnaryRequest,
} from "../gen/connectrpc/conformance/v1/service.js";
import type { ConformanceService } from "../gen/connectrpc/conformance/v1/service_interlock.js";
import { headersOf, metadataOf } from "./header-lists.js";

type Answer = { readonly payload?: ConformancePayload | undefined };

/** Makes one call as the suite describes it, and gives what came of it. */
export async function makeCall(
  client: Client<typeof ConformanceService>,
  request: ClientCompatRequest,
): Promise<ClientResponseResult> {
  const { method = "", requestMessages, requestDelayMs } = request;
  const timing = request.cancel && (request.cancel.cancelTiming ?? { $case: "afterCloseSendMs", value: 0 });
  const canceling = new AbortController();
  const result: ClientResponseResult = {
    responseHeaders: [],
    payloads: [],
    error: undefined,
    responseTrailers: [],
    numUnsentRequests: 0,
    feedback: [],
  };
  const options: CallOptions = {
    timeoutMs: request.timeoutMs ?? Number.POSITIVE_INFINITY,
    metadata: metadataOf(request.requestHeaders),
    signal: canceling.signal,
    onHeaders(headers) {
      result.responseHeaders = headersOf(headers);
    },
    onTrailers(trailers) {
      result.responseTrailers = headersOf(trailers);
    },
  };
  const [only] = requestMessages.map(({ value }) => value);
  const isFullDuplex = request.streamType === StreamType.STREAM_TYPE_FULL_DUPLEX_BIDI_STREAM;
  let takeTurn = () => {};

  function sent(): void {
    if (timing?.$case === "afterCloseSendMs") setTimeout(() => canceling.abort(), timing.value);
  }

  async function* requests<T>(codec: { decode(bytes: Uint8Array): T }) {
    for (const [at, { value }] of requestMessages.entries()) {
      if (requestDelayMs > 0) await sleep(requestDelayMs);
      result.numUnsentRequests = requestMessages.length - at - 1;
      const turn = new Promise<void>((resolve) => (takeTurn = resolve));
      yield codec.decode(value);
      if (isFullDuplex) await turn;
    }
    if (timing?.$case === "beforeCloseSend") canceling.abort();
    sent();
  }

  async function readAll(answers: AsyncIterable<Answer>): Promise<void> {
    try {
      for await (const { payload } of answers) {
        result.payloads.push(payload ?? noPayload);
        if (timing?.$case === "afterNumResponses" && timing.value === result.payloads.length) canceling.abort();
        takeTurn();
      }
    } finally {
      takeTurn();
    }
  }

  async function readOne(answer: Promise<Answer>): Promise<void> {
    result.payloads.push((await answer).payload ?? noPayload);
  }

  async function make(): Promise<void> {
    const bytes = only ?? new Uint8Array();
    if (method === "ClientStream" || method === "BidiStream") result.numUnsentRequests = requestMessages.length;
    else sent();
    switch (method) {
      case "Unary":
        return readOne(client.unary(UnaryRequest.decode(bytes), options));
      case "IdempotentUnary":
        return readOne(client.idempotentUnary(IdempotentUnaryRequest.decode(bytes), options));
      case "Unimplemented":
        await client.unimplemented({}, options);
        return;
      case "ClientStream":
        return readOne(client.clientStream(requests(ClientStreamRequest), options));
      case "ServerStream":
        return readAll(client.serverStream(ServerStreamRequest.decode(bytes), options));
      case "BidiStream":
        return readAll(client.bidiStream(requests(BidiStreamRequest), options));
      default:
        throw new TypeError(`There is no method ${method}.`);
    }
  }

  try {
    await make();
  } catch (error) {
    if (!(error instanceof InterlockError)) throw error;
    result.error = definitionOf(error);
  }
  return result;
}

const noPayload: ConformancePayload = { data: new Uint8Array(), requestInfo: undefined };

function definitionOf({ code, message, details }: InterlockError): ErrorDefinition {
  return { code: status[code] as Code, message, details: details.map(({ typeUrl, value }) => ({ typeUrl, value })) };
}
