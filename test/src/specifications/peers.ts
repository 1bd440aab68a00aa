import { createObservable } from "@interlock/bot";
import { createIdentity, type MutableTrust } from "@interlock/bot/internal";
import {
  caExtensions,
  createTestFleet,
  EchoService,
  rawCall,
  rawSession,
  type Specimen,
  serveEcho,
  shows,
  specimen,
  type TestFleet,
  verifyPeer,
} from "@interlock/bot/testing";
import type { Seen, Stage, Verdict } from "./group.js";

/** The certificates that a peer shows. */
export interface Shown {
  readonly leaf: Specimen;
  /** The certificates after it, in their order on the wire. */
  readonly others?: readonly Specimen[];
  /** Whether the verdict is left to TLS: our own rules do not know of the fault. */
  readonly byTls?: boolean;
}

/** The root that is believed, besides the fleet's own CA. */
export const root = specimen({ name: "root", extensions: caExtensions() });

/** Opens a fleet that believes the root, too. Its echo server is the one that certificates are shown to. */
export async function openPeers(): Promise<Stage<Shown>> {
  const fleet = await createTestFleet();
  believe(fleet.trust);
  const server = await serveEcho(fleet);

  async function overTls({ leaf, others = [] }: Shown): Promise<Verdict | "not sent"> {
    const chain = [leaf, ...others].map(({ der }) => der);
    try {
      // An attacker's TLS loads what ours would not.
      const tls = { ...shows({ privateKey: leaf.privateKey, chain }), ciphers: "DEFAULT:@SECLEVEL=0" };
      const session = rawSession(server.port, tls);
      const { status } = await rawCall(session, EchoService.methods.open.path);
      session.destroy();
      return status === 0 ? "taken" : "refused";
    } catch {
      return "not sent"; // Not even so.
    }
  }

  return {
    async see(shown) {
      const tls = await overTls(shown);
      const byRule = judge(shown, fleet);
      const agreed = tls === "not sent" || shown.byTls || tls === byRule.verdict;
      const verdict = shown.byTls && tls !== "not sent" ? tls : byRule.verdict;
      if (!agreed) throw new Error(`TLS and our own rules disagree: ${tls}, and ${byRule.verdict} ${byRule.detail}`);
      return { verdict, detail: [byRule.detail, `over TLS ${tls}`].filter(Boolean).join(", ") };
    },
    async close() {
      await server.goodCall();
      await server.bot.close(0);
    },
  };
}

/** Opens a fleet in which the certificates are shown by a server, and judged by a client of ours. */
export async function openServers(): Promise<Stage<Shown>> {
  const fleet = await createTestFleet();
  believe(fleet.trust);
  const caller = await fleet.bot("caller/1");
  return {
    async see({ leaf, others = [] }) {
      const identity = createObservable(
        createIdentity(
          leaf.privateKey,
          [leaf, ...others].map(({ der }) => der),
        ),
      );
      const server = await fleet.bot("echo/1", undefined, { identity });
      const { address } = await server.serve({ port: 0 }, (routes) => routes.add(EchoService, handlers));
      const client = caller.client(EchoService, address);
      try {
        await client.open({}, { timeoutMs: 5_000 });
        return { verdict: "taken", detail: "" };
      } catch (error) {
        return { verdict: "refused", detail: (error as { reason?: string }).reason ?? String(error) };
      } finally {
        await server.close(0);
      }
    },
    close: async () => caller.close(0),
  };
}

const handlers = {
  echo: (request: object) => request,
  open: () => ({}),
  reset: () => ({}),
  async *count() {},
  async join() {
    return {};
  },
  async *chat() {},
};

function believe(trust: MutableTrust): void {
  const { state } = trust;
  trust.replace({ ...state, version: state.version + 1n, caCertificates: [...state.caCertificates, root.der] });
}

function judge({ leaf, others = [] }: Shown, { trust }: TestFleet): Seen {
  const { trustDomain, caCertificates } = trust.state;
  const found = [leaf, ...others].map(({ der }) => der);
  const verified = verifyPeer(found, { peer: "client", trustDomain, caCertificates, now: Date.now() });
  return typeof verified === "string" ? { verdict: "refused", detail: verified } : { verdict: "taken", detail: "" };
}
