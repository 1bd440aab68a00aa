import { createPrivateKey } from "node:crypto";
import { createObservable, silentLog } from "@interlock/bot";
import { createBot, createIdentity, createRecorder, createTrust } from "@interlock/bot/internal";
import { rawCall, rawSession } from "@interlock/bot/testing";
import { BehindService, type Case, type CaseFile, CaseService } from "./cases.js";

/** The answer to a case, and what the server recorded. */
export interface Played {
  readonly case: Case;
  readonly code: number;
  readonly recorded: readonly string[];
}

/** Plays cases against a TypeScript server: one server for each row. */
export async function replay(file: CaseFile): Promise<Played[]> {
  const played: Played[] = [];
  for (const row of new Set(file.cases.map((one) => one.row))) {
    const server = await serve(file);
    for (const one of file.cases.filter((other) => other.row === row)) played.push(await server.play(one));
    await server.stop();
  }
  return played;
}

async function serve(file: CaseFile) {
  const clock = { now: () => file.now + ahead };
  let ahead = 0;
  let stale = false;
  const state = stateOf(file.trust);
  const trust = createTrust(state, clock);
  const recorder = createRecorder();
  const recorded: string[] = [];
  recorder.onDenial(({ reason }) => recorded.push(reason));
  const identity = createObservable(createIdentity(...pemParts(file.server)));
  const tokens = { authorization: () => "", forget() {} };
  const watched = { ...trust, isStale: () => stale };
  Object.defineProperty(watched, "state", { get: () => trust.state });
  const bot = createBot({ identity, trust: watched, recorder, clock, log: silentLog, tokens });
  const answer = () => ({});
  const { port } = await bot.serve({ port: 0 }, (routes) =>
    routes.add(BehindService, { echo: answer, open: answer }).add(CaseService, {
      echo: answer,
      async *count() {},
      async join() {
        return {};
      },
      async *chat() {},
      open: answer,
      reset: answer,
      only: answer,
      old: answer,
      rare: answer,
      approved: answer,
      agents: answer,
    }),
  );
  return {
    async play(one: Case): Promise<Played> {
      recorded.length = 0;
      ahead = one.aheadMs ?? 0;
      stale = one.stale ?? false;
      trust.replace({ ...state, ...one.trust });
      const [key, chain] = pemParts(one.caller);
      const pem = chain.map((der) => certificatePem(der)).join("");
      const session = rawSession(port, { key, cert: pem });
      let code = 14;
      for (let i = 0; i < (one.times ?? 1); i++) {
        const headers = one.authorization === undefined ? {} : { authorization: one.authorization };
        code = (await rawCall(session, one.path, headers)).status ?? 14;
      }
      session.destroy();
      return { case: one, code, recorded: [...recorded] };
    },
    stop: () => bot.close(0),
  };
}

function stateOf(saved: CaseFile["trust"]): Parameters<typeof createTrust>[0] {
  const caCertificates = (saved.caCertificates as string[]).map((text) => Uint8Array.from(Buffer.from(text, "base64")));
  const state = { ...saved, version: BigInt(String(saved.version)), caCertificates };
  return state as unknown as Parameters<typeof createTrust>[0];
}

function pemParts(pem: string): [key: string, chain: Uint8Array[]] {
  const end = "-----END PRIVATE KEY-----\n";
  const at = pem.indexOf(end) + end.length;
  const key = pem.slice(0, at);
  createPrivateKey(key);
  const bodies = pem.slice(at).matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g);
  return [key, [...bodies].map(([, body = ""]) => Uint8Array.from(Buffer.from(body, "base64")))];
}

function certificatePem(der: Uint8Array): string {
  return `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString("base64")}\n-----END CERTIFICATE-----\n`;
}
