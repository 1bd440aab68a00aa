import assert from "node:assert/strict";
import { InterlockError } from "../base/error.js";
import { silentLog } from "../base/log.js";
import { createRecorder } from "../base/recorder.js";
import type { Client } from "../client/client.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_service_interlock.js";
import { createReporter } from "./reporter.js";

interface Report {
  readonly endpoints: readonly { service: string; address: string }[];
  readonly usage: readonly { method: string; count: number }[];
  readonly instance: string;
}

describe("the reporter", () => {
  let reports: Report[];
  let failing: boolean | InterlockError;
  const fake = {
    async report(report: Report) {
      if (failing) throw failing === true ? new Error("the authority is away") : failing;
      reports.push(report);
      return {};
    },
  } as unknown as Client<typeof AuthorityService>;

  beforeEach(() => {
    reports = [];
    failing = false;
  });

  function create() {
    const recorder = createRecorder();
    return { recorder, reporter: createReporter(fake, recorder, silentLog) };
  }

  it("tells what is served and used, and nothing where there is nothing to tell", async () => {
    const { recorder, reporter } = create();
    await reporter.flush();
    assert.equal(reports.length, 0);
    const stop = reporter.serving(["test.Echo", "test.Other"], "host:1");
    recorder.admitted("/test.Echo/Echo", "spiffe://test/a", 7);
    await reporter.flush();
    assert.deepEqual(reports.at(-1)?.endpoints, [
      { service: "test.Echo", address: "host:1" },
      { service: "test.Other", address: "host:1" },
    ]);
    const usage = reports.flatMap((report) => report.usage);
    assert.deepEqual(usage, [
      { method: "test.Echo/Echo", caller: "spiffe://test/a", denial: "", count: 1, lastAt: new Date(7) },
    ]);
    stop();
    stop();
    await reporter.close();
    assert.deepEqual(reports.at(-1)?.endpoints, []);
    const { length } = reports;
    await reporter.flush();
    assert.equal(reports.length, length);
  });

  it("reports again what it serves when it has been quiet for a while, under one instance", async () => {
    const { reporter } = create();
    reporter.serving(["test.Echo"], "host:1");
    for (let i = 0; i < 13; i++) await reporter.flush();
    assert.equal(reports.length, 3);
    assert.equal(new Set(reports.map(({ instance }) => instance)).size, 1);
    const other = create().reporter;
    other.serving(["test.Echo"], "host:2");
    await other.flush();
    assert.notEqual(reports.at(-1)?.instance, reports[0]?.instance);
  });

  it("drops what the authority will never take, and cuts a name that is too long", async () => {
    const { recorder, reporter } = create();
    recorder.admitted(`/${"m".repeat(300)}`, "", 7);
    failing = new InterlockError("INVALID_ARGUMENT", "malformed");
    await reporter.flush();
    failing = false;
    recorder.admitted(`/${"n".repeat(300)}`, "", 7);
    await reporter.flush();
    assert.deepEqual(
      reports.flatMap(({ usage }) => usage.map(({ method }) => method)),
      ["n".repeat(256)],
    );
  });

  it("keeps what it could not deliver", async () => {
    const { recorder, reporter } = create();
    failing = true;
    recorder.admitted("/a/B", "x", 1);
    await reporter.flush();
    recorder.admitted("/a/C", "x", 2);
    await reporter.flush();
    failing = false;
    await reporter.close();
    assert.deepEqual(
      reports.flatMap((report) => report.usage.map(({ method }) => method)),
      ["a/B", "a/C"],
    );
  });

  it("delivers much in parts, in its order, each once", async () => {
    const { recorder, reporter } = create();
    for (let i = 0; i < 2_500; i++) recorder.admitted(`/a/${i}`, "x", 1);
    for (let i = 0; i < 3; i++) await reporter.flush();
    await reporter.close();
    assert.deepEqual(
      reports.map((report) => report.usage.length),
      [1_000, 1_000, 500],
    );
    const methods = reports.flatMap((report) => report.usage.map(({ method }) => method));
    assert.equal(new Set(methods).size, 2_500);
  });
});
