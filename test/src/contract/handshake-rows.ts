import { once } from "node:events";
import { connect } from "node:net";
import type { ConnectionOptions } from "node:tls";
import {
  closeOf,
  createTestCa,
  me,
  plaintextSession,
  rawCall,
  rawSession,
  rawTls,
  shows,
} from "@interlock/bot/testing";
import { callOver, echoStage, open } from "./echo-stage.js";
import type { Row } from "./row.js";

export const handshakeRows: readonly Row[] = [
  {
    row: 1,
    attack: "plaintext HTTP/2 to the TLS port",
    async play() {
      const stage = await echoStage();
      const { port } = stage.server;
      const says = (text: string) => async () => {
        const socket = connect(port, "127.0.0.1").on("error", () => {});
        socket.write(text);
        await closeOf(socket.resume());
        return "close" as const;
      };
      const recorded = { answer: "close", reason: "HANDSHAKE_FAILED" } as const;
      return stage.play([
        {
          name: "HTTP/2 with prior knowledge",
          ...recorded,
          attack: async () => (await rawCall(plaintextSession(port), open.path)).status ?? "close",
        },
        { name: "HTTP/1.1", ...recorded, attack: says(`GET ${open.path} HTTP/1.1\r\nHost: x\r\n\r\n`) },
        {
          name: "HTTP/1.1 that asks for HTTP/2",
          ...recorded,
          attack: says("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
        },
      ]);
    },
  },
  {
    row: 2,
    attack: "no client certificate",
    async play() {
      const stage = await echoStage();
      const { port } = stage.server;
      return stage.play([
        {
          name: "a call",
          answer: "close",
          reason: "NO_CERTIFICATE",
          async attack() {
            const { status, error } = await rawCall(rawSession(port), open.path);
            if (error !== "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED") throw new Error(`no TLS alert, but ${error}`);
            return status ?? "close";
          },
        },
      ]);
    },
  },
  {
    row: 3,
    attack: "client certificate from another CA",
    async play() {
      const stage = await echoStage();
      const { fleet, server } = stage;
      const recorded = { answer: "close", reason: "CERTIFICATE_UNTRUSTED" } as const;
      return stage.play([
        {
          name: "a CA of the same name",
          ...recorded,
          attack: async () => callOver(server.port, shows(await (await createTestCa("test")).issue(me))),
        },
        {
          name: "a CA of the same name, which is sent along",
          ...recorded,
          async attack() {
            const other = await createTestCa("test");
            const { privateKey, chain } = await other.issue(me);
            return callOver(server.port, shows({ privateKey, chain: [...chain, other.der] }));
          },
        },
        {
          name: "signed by a bot with its own key",
          ...recorded,
          async attack() {
            const bot = await fleet.ca.issueRaw({ uris: ["spiffe://test/mallory/1"] });
            const forged = await fleet.ca.issueRaw({ uris: [me], signer: { name: "CN=leaf", keys: bot.keys } });
            const chain = [forged.der, bot.der];
            return callOver(server.port, shows({ privateKey: forged.keys.privateKeyPem, chain }));
          },
        },
        {
          name: "signed by itself",
          ...recorded,
          async attack() {
            const ca = await createTestCa("leaf");
            const { keys, der } = await ca.issueRaw({ uris: [me], signer: { name: "CN=leaf", keys: ca.keys } });
            return callOver(server.port, shows({ privateKey: keys.privateKeyPem, chain: [der] }));
          },
        },
      ]);
    },
  },
  {
    row: 7,
    attack: "TLS 1.2 or older",
    async play() {
      const stage = await echoStage();
      const older = (maxVersion: NonNullable<ConnectionOptions["maxVersion"]>) => ({
        name: maxVersion,
        answer: "close" as const,
        reason: "HANDSHAKE_FAILED" as const,
        async attack() {
          // OpenSSL itself offers nothing below 1.2 at its default security level.
          const options = { minVersion: "TLSv1", maxVersion, ciphers: "ALL:@SECLEVEL=0" } as const;
          const [error] = await once(rawTls(stage.server.port, { ...shows(stage.caller), ...options }), "error");
          if (error.code !== "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION") throw new Error(`no TLS alert, but ${error.code}`);
          return "close" as const;
        },
      });
      return stage.play([older("TLSv1.2"), older("TLSv1.1"), older("TLSv1")]);
    },
  },
];
