import assert from "node:assert/strict";
import { InterlockError } from "../base/error.js";
import type { LogFields } from "../base/log.js";
import { createAuthorityContact } from "./authority-contact.js";

describe("the contact with the authority", () => {
  const clock = { time: 0, now: () => clock.time };
  let lines: [string, LogFields | undefined][];
  const take = (message: string, fields?: LogFields) => void lines.push([message, fields]);
  const log = { info: take, warn: take, error: take };
  const refused = new InterlockError("UNAVAILABLE", "refused", { reason: "SERVER_UNREACHABLE" });

  beforeEach(() => {
    clock.time = 60_000;
    lines = [];
  });

  it("logs an outage once, and its end with how long it lasted", () => {
    const contact = createAuthorityContact("a:1,b:2", clock, log);
    const told: boolean[] = [];
    contact.onChange((away) => told.push(away));
    contact.reached();
    for (let i = 0; i < 5; i++) assert.equal(contact.missed(refused), true);
    assert.equal(contact.awaySince, 60_000);
    clock.time += 90_000;
    contact.reached();
    contact.reached();
    assert.equal(contact.awaySince, undefined);
    assert.deepEqual(
      lines.map(([message]) => message),
      ["authority unreachable", "connected again"],
    );
    assert.deepEqual([lines[0]?.[1]?.authority, lines[0]?.[1]?.since], ["a:1,b:2", "1970-01-01T00:01:00.000Z"]);
    assert.equal(lines[1]?.[1]?.awaySeconds, 90);
    assert.deepEqual(told, [true, false]);
  });

  it("asks in the log and in errors what it is given to ask", () => {
    const contact = createAuthorityContact("a:1", clock, log, "is it up?");
    contact.missed(refused);
    assert.equal(lines[0]?.[1]?.remedy, "is it up? Retrying until it answers");
    assert.match(contact.explain(refused, "x gets no token").message, /the authority at a:1, since [^;]+; is it up\?$/);
  });

  it("takes a refusal, or an answer without a store, for no outage", () => {
    const contact = createAuthorityContact("a:1", clock, log);
    for (const error of [
      new InterlockError("PERMISSION_DENIED", "no"),
      new InterlockError("UNAVAILABLE", "revoked", { reason: "CERTIFICATE_UNTRUSTED" }),
      new InterlockError("UNAVAILABLE", "store", { reason: "STORE_UNREACHABLE" }),
      new Error("a fault of ours"),
    ]) {
      assert.equal(contact.missed(error), false);
    }
    assert.deepEqual([contact.awaySince, lines.length], [undefined, 0]);
    assert.equal(contact.explain(refused, "x").metadata.authority, "a:1");
    assert.equal(contact.missed(new InterlockError("DEADLINE_EXCEEDED", "silence"), 30_000), true);
    assert.equal(contact.awaySince, 30_000);
  });
});
