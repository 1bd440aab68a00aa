import assert from "node:assert/strict";
import { type Bot, type Client, InterlockError, Metadata } from "@interlock/bot";
import { TestService, UnimplementedService } from "../../gen/grpc/testing/test_interlock.js";

/** What a case calls with. */
interface Caller {
  readonly client: Client<typeof TestService>;
  readonly bot: Bot;
  readonly address: string;
}

/** Metadata that a server sends back: with the headers, and with the trailers. */
export const echoedNames = { initial: "x-grpc-test-echo-initial", trailing: "x-grpc-test-echo-trailing-bin" } as const;

const requestSizes = [27_182, 8, 1_828, 45_904];
const answerSizes = [31_415, 9, 2_653, 58_979];
const specialMessage = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

const payload = (size: number) => ({ body: Buffer.alloc(size) });
const request = (answer: number, size: number) => ({ responseParameters: [{ size: answer }], payload: payload(size) });

/**
 * The cases of https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md, by their names there, as calls of our
 * client. Each rejects where something is not as it should be.
 */
export const cases = {
  async empty_unary({ client }) {
    assert.deepEqual(await client.emptyCall({}), {});
  },
  async large_unary({ client }) {
    const answer = await client.unaryCall({ responseSize: 314_159, payload: payload(271_828) });
    assert.equal(answer.payload?.body.length, 314_159);
  },
  async client_streaming({ client }) {
    const answer = await client.streamingInputCall(requestSizes.map((size) => ({ payload: payload(size) })));
    assert.equal(answer.aggregatedPayloadSize, 74_922);
  },
  async server_streaming({ client }) {
    const responseParameters = answerSizes.map((size) => ({ size }));
    assert.deepEqual(await sizesOf(client.streamingOutputCall({ responseParameters })), answerSizes);
  },
  async ping_pong({ client }) {
    let next = () => {};
    async function* requests() {
      for (const [at, size] of requestSizes.entries()) {
        const answered = new Promise<void>((resolve) => {
          next = resolve;
        });
        yield request(answerSizes[at] ?? 0, size);
        await answered;
      }
    }
    assert.deepEqual(await sizesOf(client.fullDuplexCall(requests()), () => next()), answerSizes);
  },
  async empty_stream({ client }) {
    assert.deepEqual(await sizesOf(client.fullDuplexCall([])), []);
  },
  async cancel_after_begin({ client }) {
    const { signal, abort } = canceling();
    const call = client.streamingInputCall(untilCanceled(signal), { signal });
    abort();
    await assert.rejects(call, { code: "CANCELLED" });
  },
  async cancel_after_first_response({ client }) {
    const { signal, abort } = canceling();
    const sizes: unknown[] = [];
    const answers = client.fullDuplexCall(untilCanceled(signal, request(31_415, 27_182)), { signal });
    const read = sizesOf(answers, (size) => {
      sizes.push(size);
      abort();
    });
    await assert.rejects(read, { code: "CANCELLED" });
    assert.deepEqual(sizes, [31_415]);
  },
  async timeout_on_sleeping_server({ client }) {
    const { signal, abort } = canceling();
    const requests = untilCanceled(signal, { payload: payload(27_182) });
    await assert.rejects(sizesOf(client.fullDuplexCall(requests, { timeoutMs: 1 })), { code: "DEADLINE_EXCEEDED" });
    abort();
  },
  async status_code_and_message({ client }) {
    const responseStatus = { code: 2, message: "test status message" };
    const expected = { code: "UNKNOWN", message: "test status message" };
    await assert.rejects(client.unaryCall({ responseStatus }), expected);
    await assert.rejects(sizesOf(client.fullDuplexCall([{ responseStatus }])), expected);
  },
  async special_status_message({ client }) {
    const responseStatus = { code: 2, message: specialMessage };
    await assert.rejects(client.unaryCall({ responseStatus }), { code: "UNKNOWN", message: specialMessage });
  },
  async unimplemented_method({ client }) {
    await assert.rejects(client.unimplementedCall({}), { code: "UNIMPLEMENTED" });
  },
  async unimplemented_service({ bot, address }) {
    using client = bot.client(UnimplementedService, address);
    await assert.rejects(client.unimplementedCall({}), { code: "UNIMPLEMENTED" });
  },
  async custom_metadata({ client }) {
    const metadata = new Metadata();
    metadata.set(echoedNames.initial, "test_initial_metadata_value");
    metadata.set(echoedNames.trailing, Buffer.from("ababab", "hex"));
    const seen: unknown[] = [];
    const options = {
      metadata,
      onHeaders: (headers: Metadata) => void seen.push(headers.get(echoedNames.initial)),
      onTrailers: (trailers: Metadata) => void seen.push(trailers.get(echoedNames.trailing)),
    };
    await client.unaryCall({ responseSize: 314_159, payload: payload(271_828) }, options);
    assert.deepEqual(await sizesOf(client.fullDuplexCall([request(314_159, 271_828)], options)), [314_159]);
    const each = [["test_initial_metadata_value"], [Buffer.from("ababab", "hex")]];
    assert.deepEqual(seen, [...each, ...each]);
  },
} as const satisfies Readonly<Record<string, (caller: Caller) => Promise<void>>>;

export type CaseName = keyof typeof cases;

/** The names of the cases. */
export const caseNames = Object.keys(cases) as CaseName[];

/** Makes the calls of a case to a server. Rejects where something is not as it should be. */
export async function makeCase(name: CaseName, bot: Bot, address: string): Promise<void> {
  using client = bot.client(TestService, address);
  await cases[name]({ client, bot, address });
}

function canceling() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

/** Requests, and no end of them before the signal aborts. */
async function* untilCanceled<T>(signal: AbortSignal, ...requests: T[]): AsyncGenerator<T> {
  yield* requests;
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

/** Reads all answers, and gives how many bytes the payload of each has. */
async function sizesOf(
  answers: AsyncIterable<{ readonly payload?: { readonly body: Uint8Array } | undefined }>,
  onAnswer?: (size: number | undefined) => void,
): Promise<unknown[]> {
  const sizes: unknown[] = [];
  for await (const answer of answers) {
    const size = answer.payload?.body.length;
    sizes.push(size);
    onAnswer?.(size);
  }
  return sizes;
}

/** What went wrong, in one line. */
export function reasonOf(error: unknown): string {
  if (error instanceof InterlockError) return `${error.code}: ${error.message}`;
  return (error as Error).message.trim().replace(/\s*\n\s*/g, " ");
}
