import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Authority, startAuthority } from "@interlock/authority";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { openGateway } from "@interlock/gateway";
import { parseManifest } from "@interlock/policy";
import { connectSwarm, createLeader, leaderRoutes, runWorker } from "@interlock/swarm";
import { openTaskStore } from "@interlock/swarm/store";
import { exportJWK, generateKeyPair } from "jose";
import { agentService } from "./agent.js";
import { agentCard } from "./agent-card.js";
import { serveCard } from "./card-server.js";
import { brewSkill, crewWork } from "./crew-work.js";
import { openDoor } from "./door.js";
import { KitchenService } from "./gen/cafe/kitchen/v1/kitchen_interlock.js";
import type { AgentCard } from "./gen/lf/a2a/v1/a2a.js";
import { A2AService } from "./gen/lf/a2a/v1/a2a_interlock.js";
import { kitchenService, type Pour } from "./kitchen.js";
import { selfSigned } from "./self-signed.js";
import { cardJson, signCard } from "./sign-card.js";
import { type StrangerIssuer, strangerTokens } from "./stranger-tokens.js";

/** What the door takes tokens for. */
export const audience = "https://cafe.example/a2a";

/** What differs from one café to the next. */
export interface FleetOptions {
  /** The issuers of other organizations. */
  readonly issuers: readonly StrangerIssuer[];
  readonly pour: Pour;
}

/** A fleet that is an A2A agent. */
export interface Fleet {
  readonly authority: Authority;
  /** The URL below which the agent's card is. */
  readonly url: string;
  /** The certificate of the door, PEM, which strangers believe. */
  readonly certificate: string;
  close(): Promise<void>;
}

/**
 * Starts the whole fleet in this process: authority, swarm, kitchen, the agent, and the gateway with the door in front of it. In
 * earnest each is a process of its own, and only the door has an address that strangers reach.
 */
export async function startFleet({ issuers, pour }: FleetOptions): Promise<Fleet> {
  const dir = await mkdtemp(join(tmpdir(), "a2a-"));
  const cleanUps: (() => unknown)[] = [() => rm(dir, { recursive: true })];
  const close = async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  };
  try {
    const settings = { dataDir: join(dir, "authority"), trustDomain: "cafe", port: 0, log: silentLog };
    const authority = await startAuthority(settings);
    cleanUps.push(() => authority.close());
    await authority.applyGrants(await readFile(new URL("../grants.yaml", import.meta.url), "utf8"));
    const member = async (name: string): Promise<Bot> => {
      const joinToken = await authority.createJoinToken(name);
      const stateDir = join(dir, name);
      const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log: silentLog });
      cleanUps.push(() => bot.close(0));
      return bot;
    };

    // The swarm: a leader, a worker, and the kitchen that the worker calls.
    const leaderBot = await member("leader/1");
    const store = await openTaskStore(join(dir, "tasks.db"));
    cleanUps.push(() => store.close());
    // The agent watches a task for each caller that waits.
    const leader = createLeader({ name: leaderBot.name, store, log: silentLog, reads: { watches: 256 } });
    cleanUps.push(() => leader.close());
    const leads = await leaderBot.serve({ port: 0 }, leaderRoutes(leader));
    const kitchen = await (await member("kitchen/1")).serve({ port: 0 }, (routes) =>
      routes.add(KitchenService, kitchenService(pour)),
    );
    const worker = await member("worker/1");
    const leaving = new AbortController();
    const work = runWorker(
      worker,
      { leaders: [leads.address], capabilities: [brewSkill], slots: 4, signal: leaving.signal, log: silentLog },
      crewWork(worker.client(KitchenService, kitchen.address)),
    );
    cleanUps.push(() => {
      leaving.abort();
      return work;
    });

    // The agent, behind the gateway that policies.yaml demands.
    const agent = await member("agent/1");
    const swarm = connectSwarm(agent, [leads.address]);
    let card: AgentCard | undefined;
    const agentAt = await agent.serve({ port: 0 }, (routes) =>
      routes.add(A2AService, agentService({ swarm, name: agent.name, card: () => card as AgentCard })),
    );
    const edge = await member("gateway/1");
    const gateway = await openGateway(edge, {
      port: 0,
      routes: [{ service: A2AService, addresses: [agentAt.address] }],
    });
    cleanUps.push(() => gateway.close(0));

    // The door, with a member for each organization.
    const names = new Set(issuers.flatMap(({ members }) => Object.values(members)));
    const members = new Map<string, Bot>();
    for (const name of names) members.set(name, await member(name));
    const tls = await selfSigned();
    const verify = strangerTokens(issuers, audience);
    const place = { address: "localhost:0", ...tls };
    const door = await openDoor({ ...place, verify, members, trust: edge.trust, gateway: gateway.address });
    cleanUps.push(() => door.close());

    // The card, which names the door.
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: "card-1", alg: "ES256", use: "sig" }] };
    const served = await serveCard(tls, 0, () => ({ card: card && cardJson(card), keys }));
    cleanUps.push(() => served.close());
    const url = `https://localhost:${served.port}`;
    const manifest = parseManifest(
      await readFile(new URL("../src/gen/interlock.manifest.json", import.meta.url), "utf8"),
    );
    card = await signCard(
      agentCard(manifest, {
        name: "The café",
        version: "1.0.0",
        door: `localhost:${door.port}`,
        url: "https://cafe.example",
        issuers: Object.fromEntries(
          issuers.map(({ issuer }) => [new URL(issuer).hostname, `${issuer}/.well-known/openid-configuration`]),
        ),
      }),
      { privateKey, kid: "card-1", jku: `${url}/.well-known/jwks.json` },
    );
    return { authority, url, certificate: tls.certificate, close };
  } catch (error) {
    await close();
    throw error;
  }
}
