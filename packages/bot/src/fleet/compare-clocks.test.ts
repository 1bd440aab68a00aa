import assert from "node:assert/strict";
import { type Log, silentLog } from "../base/log.js";
import { checkClock, createClockWatch } from "./compare-clocks.js";

const now = Date.UTC(2026, 0, 1);
const clock = { now: () => now };
const authoritySays = (ms: number) => new Date(now + ms);

describe("the clock of a bot, compared with the authority's", () => {
  it("may be a minute off when the bot joins, and no more", () => {
    for (const sentAt of [undefined, ...[-60_000, 0, 60_000].map(authoritySays)]) checkClock(sentAt, clock);
    assert.throws(() => checkClock(authoritySays(61_000), clock), { message: /61 s behind the authority's: set it/ });
    assert.throws(() => checkClock(authoritySays(-120_000), clock), { message: /120 s ahead of the authority's/ });
  });

  it("is logged once when it is wrong, and once when it is right again", () => {
    const lines: string[] = [];
    const pass = (message: string, fields?: object) => void lines.push(`${message} ${JSON.stringify(fields)}`);
    const log: Log = { ...silentLog, info: pass, warn: pass };
    const watch = createClockWatch(clock, log);
    for (const ms of [0, 20_000, -40_000, -90_000, -20_000, undefined, 1_000, 31_000]) {
      watch(ms === undefined ? undefined : authoritySays(ms));
    }
    assert.equal(lines.length, 3, lines.join("\n"));
    assert.match(lines[0] ?? "", /differ: .* will be refused .*"aheadSeconds":40,"allowedSeconds":60/);
    assert.match(lines[1] ?? "", /agrees with the authority's again/);
    assert.match(lines[2] ?? "", /"aheadSeconds":-31/);
  });
});
