import { createCsr, createKeyPair, type Identity } from "@interlock/bot";
import { createIdentity, proveRecovery } from "@interlock/bot/internal";
import { EnrollmentService, type RecoverRequest } from "@interlock/bot/protocol";
import { rawCall, rawSession } from "@interlock/bot/testing";
import { type AuthorityStage, authorityStage, framed } from "./authority-stage.js";
import { answerOf } from "./echo-stage.js";
import type { Answer } from "./row.js";

const { join, beginRecovery, recover } = EnrollmentService.methods;
const authorityId = "spiffe://cafe/interlock/authority";

/** A request to recover, and what is needed to make it again. */
export type Recovery = Pick<RecoverRequest, "chain" | "csr" | "proof">;

/** The answer to a request to recover: the next identity, if there is one. */
export interface Recovered {
  readonly answer: Answer;
  readonly identity?: Identity;
}

/** A connection to the enrollment door. */
export interface Visit {
  /** Asks for the challenge of the connection. */
  begin(): Promise<Uint8Array>;
  /** Sends a request to recover. */
  send(request: Recovery): Promise<Answer>;
  end(): void;
}

/** The stage of an authority with bots whose certificates have expired. */
export interface RecoveryStage extends AuthorityStage {
  /** Joins bots without the bot library, which would renew by itself. Resolves once all their certificates have expired. */
  expired(...names: readonly string[]): Promise<Identity[]>;
  visit(): Visit;
  /** Makes a request to recover, with a proof for the challenge. */
  request(
    identity: Identity,
    challenge: Uint8Array,
    change?: Change,
  ): Promise<Recovery & { readonly privateKey: string }>;
  /** Recovers on a connection of its own. */
  recover(identity: Identity, change?: Change): Promise<Recovered>;
}

/** A change of a request to recover. */
export interface Change {
  readonly csr?: Uint8Array;
  /** The request that the proof is for. Default: the one that is sent. */
  readonly provedCsr?: Uint8Array;
  readonly privateKey?: string;
  readonly chain?: readonly Uint8Array[];
  readonly authority?: string;
}

/** Sets the stage. The certificates of `night/*` are valid for two seconds, so that they expire within the row. */
export async function recoveryStage(): Promise<RecoveryStage> {
  const stage = await authorityStage({ leafTtlsMs: { "night/*": 2_000 } });

  async function joined(name: string): Promise<Identity> {
    const keys = await createKeyPair();
    const csr = await createCsr(keys, `spiffe://cafe/${name}`);
    const joinToken = await stage.authority.createJoinToken(name);
    const request = join.request.encode(join.request.fromPartial({ joinToken, name, csr })).finish();
    const session = rawSession(stage.authority.port);
    const { body } = await rawCall(session, join.path, {}, framed(request));
    session.destroy();
    return createIdentity(keys.privateKeyPem, join.response.decode(body.subarray(5)).certificate?.chain ?? []);
  }

  function visit(): Visit & { answered(request: Recovery): Promise<{ answer: Answer; body: Buffer }> } {
    const session = rawSession(stage.authority.port);
    async function answered(request: Recovery) {
      const message = recover.request.encode(recover.request.fromPartial(request)).finish();
      const raw = await rawCall(session, recover.path, {}, framed(message));
      return { answer: answerOf(raw), body: raw.body };
    }
    return {
      async begin() {
        const { status, body } = await rawCall(session, beginRecovery.path, {}, framed(new Uint8Array()));
        if (status !== 0) throw new Error(`the request for a challenge was answered ${status}`);
        return beginRecovery.response.decode(body.subarray(5)).challenge;
      },
      answered,
      send: async (request) => (await answered(request)).answer,
      end: () => session.destroy(),
    };
  }

  const made: RecoveryStage["request"] = async (identity, challenge, change = {}) => {
    const keys = await createKeyPair();
    const csr = change.csr ?? (await createCsr(keys, identity.spiffeId.uri));
    const leaf = identity.chain[0] as Uint8Array;
    const proved = { challenge, leaf, csr: change.provedCsr ?? csr, authority: change.authority ?? authorityId };
    const proof = proveRecovery(proved, change.privateKey ?? identity.privateKey);
    return { chain: [...(change.chain ?? identity.chain)], csr, proof, privateKey: keys.privateKeyPem };
  };

  return {
    ...stage,
    visit,
    request: made,
    async expired(...names) {
      const identities = await Promise.all(names.map(joined));
      const last = Math.max(...identities.map(({ leaf }) => leaf.notAfter));
      while (stage.clock.now() < last) await new Promise((resolve) => setTimeout(resolve, last - stage.clock.now()));
      return identities;
    },
    async recover(identity, change) {
      const one = visit();
      const request = await made(identity, await one.begin(), change);
      const { answer, body } = await one.answered(request);
      one.end();
      if (answer !== 0) return { answer };
      const { certificate } = recover.response.decode(body.subarray(5));
      return { answer, identity: createIdentity(request.privateKey, certificate?.chain ?? []) };
    },
  };
}
