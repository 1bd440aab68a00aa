import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { type CallContext, type Code, type Implementation, InterlockError } from "@interlock/bot";
import type { Codec } from "@interlock/policy";
import {
  BidiStreamRequest,
  ClientStreamRequest,
  ConformancePayload_RequestInfo,
  type Error as ErrorDefinition,
  IdempotentUnaryRequest,
  ServerStreamRequest,
  type StreamResponseDefinition,
  UnaryRequest,
  type UnaryResponseDefinition,
} from "../gen/connectrpc/conformance/v1/service.js";
import { ConformanceService } from "../gen/connectrpc/conformance/v1/service_interlock.js";
import type { Any } from "../gen/google/protobuf/any.js";
import { addHeaders, headersOf } from "./header-lists.js";

const { unimplemented: _, ...served } = ConformanceService.methods;

/** The service without the method that servers are not to implement. */
export const ServedConformanceService = { ...ConformanceService, methods: served };

/** The service as connectrpc/conformance describes it. */
export const conformanceService: Implementation<typeof ServedConformanceService> = {
  unary: (request, context) =>
    answerOne(request.responseDefinition, [anyOf("UnaryRequest", UnaryRequest, request)], context),
  idempotentUnary: (request, context) =>
    answerOne(request.responseDefinition, [anyOf("IdempotentUnaryRequest", IdempotentUnaryRequest, request)], context),
  async clientStream(requests, context) {
    void context.responseHeaders; // Taken before the first message comes: they wait for what it says.
    const seen: Any[] = [];
    let definition: UnaryResponseDefinition | undefined;
    for await (const request of requests) {
      if (seen.length === 0) definition = request.responseDefinition;
      seen.push(anyOf("ClientStreamRequest", ClientStreamRequest, request));
    }
    return answerOne(definition, seen, context);
  },
  async *serverStream(request, context) {
    const definition = request.responseDefinition;
    if (!definition) return;
    describe(definition, context);
    const seen = [anyOf("ServerStreamRequest", ServerStreamRequest, request)];
    for (const [at, data] of definition.responseData.entries()) {
      await delay(definition);
      yield { payload: { data, requestInfo: at === 0 ? infoOf(seen, context) : undefined } };
    }
    if (definition.error)
      throw errorOf(definition.error, definition.responseData.length === 0 && infoOf(seen, context));
  },
  async *bidiStream(requests, context) {
    void context.responseHeaders;
    let definition: StreamResponseDefinition | undefined;
    let isFullDuplex = false;
    let isFirst = true;
    let sent = 0;
    let seen: Any[] = [];
    for await (const request of requests) {
      seen.push(anyOf("BidiStreamRequest", BidiStreamRequest, request));
      if (isFirst) {
        definition = request.responseDefinition;
        isFullDuplex = request.fullDuplex;
        isFirst = false;
        if (definition) describe(definition, context);
      }
      if (!isFullDuplex) continue;
      const data = definition?.responseData[sent];
      if (!definition || data === undefined) break;
      await delay(definition);
      yield { payload: { data, requestInfo: sent === 0 ? infoOf(seen, context) : { requests: seen } } };
      sent++;
      seen = [];
    }
    if (!definition) return;
    for (const data of definition.responseData.slice(sent)) {
      await delay(definition);
      yield { payload: { data, requestInfo: sent === 0 ? infoOf(seen, context) : undefined } };
      sent++;
    }
    if (definition.error) throw errorOf(definition.error, sent === 0 && infoOf(seen, context));
  },
};

async function answerOne(definition: UnaryResponseDefinition | undefined, seen: Any[], context: CallContext) {
  if (definition) {
    describe(definition, context);
    await delay(definition);
  }
  const info = infoOf(seen, context);
  if (definition?.response?.$case === "error") throw errorOf(definition.response.value, info);
  const data = definition?.response?.value ?? new Uint8Array();
  return { payload: { data, requestInfo: info } };
}

type Definition = UnaryResponseDefinition | StreamResponseDefinition;

function describe({ responseHeaders, responseTrailers }: Definition, context: CallContext): void {
  addHeaders(context.responseHeaders, responseHeaders);
  addHeaders(context.responseTrailers, responseTrailers);
}

async function delay({ responseDelayMs }: Definition): Promise<void> {
  if (responseDelayMs > 0) await sleep(responseDelayMs);
}

function infoOf(requests: Any[], { metadata, deadline }: CallContext): ConformancePayload_RequestInfo {
  const timeoutMs = deadline && BigInt(Math.max(deadline.getTime() - Date.now(), 0));
  return { requestHeaders: headersOf(metadata), requests, timeoutMs, connectGetInfo: undefined };
}

function errorOf({ code, message, details }: ErrorDefinition, info: ConformancePayload_RequestInfo | false) {
  const type = "connectrpc.conformance.v1.ConformancePayload.RequestInfo";
  const own = info ? [InterlockError.detail(type, ConformancePayload_RequestInfo, info)] : [];
  return new InterlockError(status[code] as Code, message ?? "", { details: [...details, ...own] });
}

function anyOf<T>(name: string, codec: Codec<T>, message: T): Any {
  const value = codec.encode(message as never).finish();
  return { typeUrl: `type.googleapis.com/connectrpc.conformance.v1.${name}`, value };
}
