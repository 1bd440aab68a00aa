import { echoStage } from "./echo-stage.js";
import { callAs, impostorVariants } from "./impostor.js";
import type { Row } from "./row.js";

const echoUri = "spiffe://test/echo/1";
const uri = (value: string) => ({ uris: [value] });

export const serverIdentityRow: Row = {
  row: 12,
  attack: "server with a good chain but another bot's SPIFFE ID",
  async play() {
    const stage = await echoStage();
    const good = await stage.fleet.bot("caller/3");
    const mismatch = "SERVER_IDENTITY_MISMATCH" as const;
    const variants = impostorVariants(stage, [
      { name: "another bot's", leaf: uri("spiffe://test/mallory/1"), reason: mismatch },
      { name: "the caller's own", leaf: uri("spiffe://test/caller/2"), reason: mismatch },
      {
        name: "another bot's, with the DNS name of the right one",
        leaf: { ...uri("spiffe://test/mallory/1"), dns: ["echo--1.test.interlock.invalid"] },
        reason: mismatch,
      },
      { name: "an ID that begins like the right one", leaf: uri(`${echoUri}/x`), reason: mismatch },
      { name: "an ID in another case", leaf: uri("spiffe://test/Echo/1"), reason: mismatch },
      {
        name: "two IDs",
        leaf: { uris: [echoUri, "spiffe://test/mallory/1"] },
        reason: "CERTIFICATE_WITHOUT_SPIFFE_ID",
      },
      { name: "another trust domain", leaf: uri("spiffe://other/echo/1"), reason: "TRUST_DOMAIN_MISMATCH" },
      {
        name: "a CA's certificate",
        leaf: { ...uri(echoUri), keyUsage: 0x05 | 0x20 | 0x01 },
        reason: "CERTIFICATE_IS_CA",
      },
    ]);
    return stage.play(variants, {
      async control() {
        const answer = await callAs(good, stage.server.address);
        if (answer !== 0) throw new Error(`the right server was answered with ${answer}`);
      },
      async end() {
        stage.session.destroy();
        await good.close(0);
        await stage.server.bot.close(0);
      },
    });
  },
};
