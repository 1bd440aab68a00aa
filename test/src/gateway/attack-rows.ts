import { once } from "node:events";
import { connect } from "node:net";
import {
  certificateAttacks,
  closeOf,
  createTestCa,
  EchoService,
  me,
  rawCall,
  rawSession,
  shows,
  tokenAttacks,
} from "@interlock/bot/testing";
import { games } from "../contract/path-row.js";
import type { Answer } from "../contract/row.js";
import type { AttackStage } from "./attack-stage.js";

/** One way to attack a row of the contract, through Envoy. */
export interface Attack {
  readonly row: number;
  readonly name: string;
  attack(): Promise<Answer>;
}

const { echo, open } = EchoService.methods;

/** The attacks of the contract that a caller can make through a door: on TLS, certificates, tokens, paths and metadata. */
export async function attackRows({ fleet, door }: AttackStage): Promise<Attack[]> {
  const { port } = door.envoy;
  const caller = await fleet.ca.issue("spiffe://test/caller/1");
  const other = await fleet.ca.issue("spiffe://test/caller/2");
  const good = (scopes = ["echo:call"]) => fleet.token(caller, EchoService.name, scopes);

  /** Calls over a connection of its own. */
  async function call(tls: object, path: string, headers: Record<string, string> = {}): Promise<Answer> {
    const session = rawSession(port, tls);
    const { status } = await rawCall(session, path, headers);
    session.destroy();
    return status ?? "close";
  }
  const asCaller = (path: string, headers?: Record<string, string>) => call(shows(caller), path, headers);

  const certificates = certificateAttacks
    .filter(({ overTls }) => overTls !== "not sent")
    .map(({ row, attack: name, make }) => ({
      row,
      name,
      attack: async () => call(shows(await make(fleet.ca)), open.path),
    }));
  const tokens = tokenAttacks.map(({ row, attack: name, make }) => ({
    row,
    name,
    async attack() {
      const authorization = await make({ fleet, caller, url: "http://127.0.0.1:1/jwks" });
      return asCaller(echo.path, authorization === undefined ? {} : { authorization });
    },
  }));
  const paths = games.map(([path]) => ({
    row: 26,
    name: JSON.stringify(path),
    attack: async () => asCaller(path, { authorization: `Bearer ${await good()}` }),
  }));

  return [
    {
      row: 1,
      name: "plaintext",
      async attack() {
        const socket = connect(port, "127.0.0.1").on("error", () => {});
        await once(socket, "connect");
        socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        await closeOf(socket.resume());
        return "close";
      },
    },
    { row: 2, name: "no certificate", attack: () => call({}, open.path) },
    {
      row: 3,
      name: "another CA",
      attack: async () => call(shows(await (await createTestCa("test")).issue(me)), open.path),
    },
    { row: 7, name: "TLS 1.2", attack: () => call({ ...shows(caller), maxVersion: "TLSv1.2" }, open.path) },
    ...certificates,
    ...tokens,
    {
      row: 21,
      name: "a stolen token, and its owner's certificate in a forged header",
      async attack() {
        const forged = `Hash=00;Chain="${encodeURIComponent(shows(caller).cert as string)}";URI=${caller.spiffeId.uri}`;
        return call(shows(other), echo.path, {
          authorization: `Bearer ${await good()}`,
          "x-forwarded-client-cert": forged,
        });
      },
    },
    {
      row: 23,
      name: "a revoked bot, on an open connection",
      async attack() {
        const revoked = await fleet.ca.issue("spiffe://test/caller/9");
        const session = rawSession(port, shows(revoked));
        const { status: before } = await rawCall(session, open.path);
        if (before !== 0) throw new Error(`it was answered ${before} before`);
        fleet.revoke("identity", revoked.spiffeId.uri);
        const { status } = await rawCall(session, open.path);
        session.destroy();
        return status ?? "close";
      },
    },
    {
      row: 25,
      name: "a scope that the token lacks",
      attack: async () => asCaller(EchoService.methods.reset.path, { authorization: `Bearer ${await good()}` }),
    },
    ...paths,
    {
      row: 35,
      name: "reflection without a scope",
      attack: async () => asCaller("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"),
    },
  ];
}
