import assert from "node:assert/strict";
import { EchoService, rawCall, rawSession, shows } from "@interlock/bot/testing";
import type { Answer } from "../contract/row.js";
import { answerTable } from "./answer-table.js";
import { attackRows } from "./attack-rows.js";
import { type AttackStage, attackStage } from "./attack-stage.js";
import { findEnvoy, skipWithoutEnvoy } from "./find-envoy.js";
import { openDoor } from "./open-door.js";
import { serveResets } from "./serve-resets.js";

describe("the security contract, through Envoy", function () {
  this.timeout(120_000);
  const program = findEnvoy();
  let stage: AttackStage;

  before(async function () {
    if (!program) skipWithoutEnvoy(this);
    stage = await attackStage(program);
  });
  after(() => stage?.end());

  it("answers every attack as the table says, and no handler runs", async () => {
    const caller = await stage.fleet.ca.issue("spiffe://test/bystander/1");
    const session = rawSession(stage.door.envoy.port, shows(caller));
    const authorization = `Bearer ${await stage.fleet.token(caller, EchoService.name, ["echo:call"])}`;
    const control = async () =>
      assert.equal((await rawCall(session, EchoService.methods.echo.path, { authorization })).status, 0, "the control");
    await control();
    const answers = new Map<number, Map<Answer, string>>();
    for (const { row, name, attack } of await attackRows(stage)) {
      stage.echo.handled.length = 0;
      const answer = await attack();
      // Row 23 has a good call first.
      assert.deepEqual(stage.echo.handled, row === 23 ? ["open"] : [], `${row}, ${name}: a handler ran`);
      const seen = answers.get(row) ?? new Map();
      answers.set(row, seen.set(answer, name));
    }
    await control();
    session.destroy();
    for (const { row, envoy } of answerTable) {
      const seen = answers.get(row);
      assert.deepEqual(
        [...(seen?.keys() ?? [])].sort(),
        [...envoy].sort(),
        `row ${row}: ${JSON.stringify([...(seen ?? [])])}`,
      );
    }
    assert.equal(answers.size, answerTable.length, "each row that is played is in the table");
  });

  it("answers 14 for a call that a bot resets, whatever the code of the reset", async () => {
    const { fleet } = stage;
    const resets = await serveResets(fleet);
    const gateway = await fleet.bot("gateway/2", undefined, {
      exchange: () => Promise.reject(new Error("there is nothing to exchange")),
    });
    const door = await openDoor({
      program: program as string,
      bot: gateway,
      service: EchoService,
      upstream: resets.address,
      issuer: fleet.trust.state.issuer,
      keys: { jwks: fleet.trust.state.jwks as { keys: object[] } },
    });
    try {
      const caller = await fleet.ca.issue("spiffe://test/caller/3");
      const session = rawSession(door.envoy.port, shows(caller));
      const through = await rawCall(session, EchoService.methods.open.path);
      session.destroy();
      const direct = rawSession(resets.port, shows(caller));
      const around = await rawCall(direct, EchoService.methods.open.path);
      direct.destroy();
      assert.deepEqual([around.status, around.error], [undefined, "NGHTTP2_ENHANCE_YOUR_CALM"]);
      assert.equal(through.status, 14);
    } finally {
      await door.close();
      await gateway.close(0);
      resets.close();
    }
  });
});
