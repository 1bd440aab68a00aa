// A process with thousands of bots that do as little as possible, so that one machine holds a whole fleet beside the
// authority that is measured. The bots share one key pair; each has its own certificate and connection.
import { once } from "node:events";
import { createSecureContext, type SecureContext } from "node:tls";
import { Client, type ClientReadableStream, credentials } from "@grpc/grpc-js";
import { certificatesToPem, createCsr, createKeyPair } from "@interlock/bot";
import {
  AuthorityService,
  EnrollmentService,
  IssueTokenRequest,
  IssueTokenResponse,
  JoinRequest,
  JoinResponse,
  WatchTrustRequest,
  WatchTrustResponse,
} from "@interlock/bot/protocol";
import { answerParent } from "@interlock/testing-processes";
import { inParallel } from "../in-parallel.js";

export type LightBotsAsk =
  | {
      readonly do: "join";
      readonly authority: string;
      readonly root: Uint8Array;
      readonly trustDomain: string;
      readonly joinToken: string;
      readonly names: readonly string[];
    }
  | { readonly do: "watch" }
  | { readonly do: "tokens"; readonly audience: string; readonly scopes: readonly string[]; readonly count: number };

interface LightBot {
  readonly chain: readonly Uint8Array[];
  client?: Client | undefined;
  feed?: ClientReadableStream<WatchTrustResponse> | undefined;
}

const keys = await createKeyPair();
const bots: LightBot[] = [];
let authority = "";
let ca = "";
const options = { "grpc.use_local_subchannel_pool": 1, "grpc.ssl_target_name_override": "bench" };

answerParent(async (ask: LightBotsAsk): Promise<object> => {
  switch (ask.do) {
    case "join":
      await join(ask);
      return {};
    case "watch":
      await inParallel(32, bots, watch);
      return {};
    case "tokens":
      await inParallel(16, Array(ask.count).keys(), (turn) => issueToken(turn, ask.audience, ask.scopes));
      return {};
  }
});

/** Each bot joins with its own request, all over one connection: handshakes are not measured here. */
async function join(ask: LightBotsAsk & { do: "join" }): Promise<void> {
  authority = ask.authority;
  ca = certificatesToPem([ask.root]);
  const stranger = new Client(authority, secure(createSecureContext({ ca })), options);
  await inParallel(16, ask.names, async (name) => {
    const csr = await createCsr(keys, `spiffe://${ask.trustDomain}/${name}`);
    const request = JoinRequest.fromPartial({ joinToken: ask.joinToken, csr, name });
    const { certificate } = await unary(
      stranger,
      EnrollmentService.methods.join.path,
      JoinRequest,
      JoinResponse,
      request,
    );
    bots.push({ chain: certificate?.chain ?? [] });
  });
  stranger.close();
}

async function watch(bot: LightBot): Promise<void> {
  if (bot.feed) return;
  const context = createSecureContext({ ca, key: keys.privateKeyPem, cert: certificatesToPem(bot.chain) });
  bot.client = new Client(authority, secure(context), options);
  bot.feed = bot.client.makeServerStreamRequest(
    AuthorityService.methods.watchTrust.path,
    (message: WatchTrustRequest) => Buffer.from(WatchTrustRequest.encode(message).finish()),
    WatchTrustResponse.decode,
    WatchTrustRequest.fromPartial({}),
  );
  bot.feed.on("error", () => {}); // The feed fails when the authority ends. Its first message shows that it works.
  await once(bot.feed, "data");
}

async function issueToken(turn: number, audience: string, scopes: readonly string[]): Promise<void> {
  const { client } = bots[turn % bots.length] ?? {};
  if (!client) throw new Error("the bots are not connected");
  const request = IssueTokenRequest.fromPartial({ audience, scopes: [...scopes] });
  await unary(client, AuthorityService.methods.issueToken.path, IssueTokenRequest, IssueTokenResponse, request);
}

function secure(context: SecureContext) {
  // The certificates name SPIFFE IDs and not hosts, and the benchmark runs its own authority.
  return credentials.createFromSecureContext(context, { checkServerIdentity: () => undefined });
}

interface Codec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

function unary<Q, R>(client: Client, path: string, question: Codec<Q>, answer: Codec<R>, request: Q): Promise<R> {
  return new Promise((resolve, reject) => {
    const serialize = (message: Q) => Buffer.from(question.encode(message).finish());
    const options = { deadline: Date.now() + 30_000 };
    client.makeUnaryRequest(
      path,
      serialize,
      (bytes) => answer.decode(bytes),
      request,
      options,
      (error, response) => {
        if (error || !response) reject(error ?? new Error("there is no answer"));
        else resolve(response);
      },
    );
  });
}
