import assert from "node:assert/strict";
import type { Denial } from "@interlock/bot";
import { EchoService } from "@interlock/bot/testing";
import { startTestAuthority } from "./testing/test-authority.js";

describe("a clean fleet", () => {
  it("has no denials: after joins, calls, and servers that were restarted", async () => {
    const fleet = await startTestAuthority();
    const denials: Denial[] = [];
    fleet.authority.onDenial((denial) => denials.push(denial));
    try {
      await fleet.authority.applyGrants("grants: {caller/1: {test.EchoService: ['echo:call']}}");
      const [caller, server] = [await fleet.bot("caller/1"), await fleet.bot("echo/1")];
      const routes = { echo: (request: object) => request };
      const serve = (port: number) => server.serve({ port }, (add) => add.add(EchoService, { ...handlers, ...routes }));
      server.onDenial((denial) => denials.push(denial));
      let served = await serve(0);
      const { address, port } = served;
      const echo = caller.client(EchoService, address);
      for (let restart = 0; restart < 5; restart++) {
        for (let i = 0; i < 3; i++) await echo.echo({});
        await served.close(0);
        served = await serve(port);
      }
      await Promise.all(Array.from({ length: 5 }, () => echo.echo({})));
      for (let i = 0; i < 5; i++) await fleet.bot(`more/${i}`);
      await served.close(0);
    } finally {
      await fleet.close();
    }
    assert.deepEqual(denials, []);
  });
});

const handlers = {
  async *count() {},
  join: () => ({}),
  async *chat() {},
  open: () => ({}),
  reset: () => ({}),
};
