import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { maximumManifestBytes, type ServiceDefinition, spiffeId } from "@interlock/policy";
import { systemClock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import { silentLog } from "../base/log.js";
import { createRecorder } from "../base/recorder.js";
import type { Client } from "../client/client.js";
import { ReportRequest } from "../gen/interlock/authority/v1/authority_service.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_service_interlock.js";
import { createAuthorityContact } from "../trust/authority-contact.js";
import { createReporter } from "./reporter.js";

const echo: ServiceDefinition = { name: "test.Echo", servedBy: [], methods: {} };

interface Report {
  readonly endpoints: readonly { service: string; address: string }[];
  readonly usage: readonly { method: string; count: number }[];
  readonly instance: string;
  readonly manifest: string;
  readonly manifestHash: string;
  readonly version: string;
  readonly startedAt: Date;
  readonly countedSince: Date;
  readonly stopping: boolean;
}

describe("the reporter", () => {
  let reports: Report[];
  let known: Set<string>;
  let failing: boolean | InterlockError;
  const fake = {
    async report(report: Report) {
      if (failing) throw failing === true ? new Error("the authority is away") : failing;
      reports.push(report);
      if (report.manifest !== "") known.add(createHash("sha256").update(report.manifest).digest("hex"));
      return { manifestWanted: report.manifestHash !== "" && !known.has(report.manifestHash) };
    },
  } as unknown as Client<typeof AuthorityService>;

  beforeEach(() => {
    reports = [];
    known = new Set();
    failing = false;
  });

  function create() {
    const recorder = createRecorder();
    const contact = createAuthorityContact("a:1", systemClock, silentLog);
    const reporter = createReporter({ authority: fake, recorder, contact, version: "1.2", log: silentLog });
    return { recorder, contact, reporter };
  }

  it("tells what is served and used, and nothing where there is nothing to tell", async () => {
    const { recorder, reporter } = create();
    await reporter.flush();
    assert.equal(reports.length, 0);
    const stop = reporter.serving([echo, { ...echo, name: "test.Other" }], "host:1");
    recorder.admitted("/test.Echo/Echo", "spiffe://test/a", 7);
    await reporter.flush();
    assert.deepEqual(reports.at(-1)?.endpoints, [
      { service: "test.Echo", address: "host:1" },
      { service: "test.Other", address: "host:1" },
    ]);
    const usage = reports.flatMap((report) => report.usage);
    assert.deepEqual(usage, [
      {
        method: "test.Echo/Echo",
        caller: "spiffe://test/a",
        actors: [],
        denial: "",
        count: 1,
        firstAt: new Date(7),
        lastAt: new Date(7),
      },
    ]);
    stop();
    stop();
    await reporter.close();
    assert.deepEqual(reports.at(-1)?.endpoints, []);
    const { length } = reports;
    await reporter.flush();
    assert.equal(reports.length, length);
  });

  it("sends its manifest once it is wanted, and again only when it has changed", async () => {
    const { recorder, reporter } = create();
    const stop = reporter.serving([echo], "host:1");
    recorder.admitted("/test.Echo/Echo", "spiffe://test/a", 7);
    await reporter.flush();
    const [first, second] = reports;
    assert.equal(first?.manifest, "");
    assert.deepEqual(JSON.parse(second?.manifest ?? ""), {
      version: 1,
      services: [{ name: "test.Echo", servedBy: [], methods: [] }],
    });
    assert.deepEqual([second?.manifestHash, second?.usage, second?.version], [first?.manifestHash, [], "1.2"]);
    stop();
    await reporter.flush();
    reporter.serving([echo], "host:2");
    await reporter.flush();
    assert.deepEqual(
      reports.slice(2).map(({ manifest, manifestHash }) => [manifest, manifestHash !== ""]),
      [
        ["", false],
        ["", true],
      ],
    );
  });

  it("does not send a manifest that is too large, and reports the rest", async () => {
    const { reporter } = create();
    reporter.serving([{ ...echo, description: "x".repeat(maximumManifestBytes) }], "host:1");
    await reporter.flush();
    assert.deepEqual([reports.length, reports[0]?.manifestHash, reports[0]?.endpoints.length], [1, "", 1]);
  });

  it("gives signs of life, also where nothing is served, and says that it ends", async () => {
    const { reporter } = create();
    for (let i = 0; i < 6; i++) await reporter.flush();
    assert.equal(reports.length, 2);
    await reporter.close();
    assert.deepEqual(
      reports.map(({ stopping }) => stopping),
      [false, false, true],
    );
    const brief = create().reporter;
    await brief.close();
    assert.equal(reports.length, 3, "a process that ends at once is not reported");
  });

  it("reports again what it serves when it has been quiet for a while, under one instance", async () => {
    const { reporter } = create();
    reporter.serving([echo], "host:1");
    for (let i = 0; i < 7; i++) await reporter.flush();
    assert.equal(reports.filter(({ manifest }) => manifest === "").length, 3);
    assert.equal(new Set(reports.map(({ instance }) => instance)).size, 1);
    const other = create().reporter;
    other.serving([echo], "host:2");
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

  const lost = ({ startedAt, countedSince } = reports.at(-1) as Report) => countedSince > startedAt;

  it("says that it has counted every call since its start, until it has dropped one", async () => {
    const { recorder, reporter } = create();
    recorder.admitted("/a/B", "x", 1);
    await reporter.flush();
    assert.equal(lost(), false);
    failing = new InterlockError("INVALID_ARGUMENT", "malformed");
    recorder.admitted("/a/B", "x", 1);
    await reporter.flush();
    failing = false;
    await reporter.flush();
    assert.equal(lost(), true);
    const since = reports.at(-1)?.countedSince;
    recorder.admitted("/a/B", "x", 1);
    await reporter.flush();
    assert.deepEqual(reports.at(-1)?.countedSince, since, "the time of the loss stays");
  });

  it("counts a method under a cut name as lost, but not a denial, whose method the caller chose", async () => {
    const { recorder, reporter } = create();
    const method = `/${"m".repeat(257)}`;
    recorder.denied({ at: 1, reason: "UNIMPLEMENTED", method, caller: "x", address: "", detail: "" });
    recorder.admitted(method.slice(0, -1), "x", 1);
    await reporter.flush();
    assert.equal(lost(), false);
    recorder.admitted(method, "x", 1);
    await reporter.flush();
    assert.equal(lost(), true);
  });

  it("keeps 10,000 rows while the authority is away, and tells of more", async () => {
    const { recorder, reporter } = create();
    failing = true;
    for (const name of ["early", "late"]) {
      for (let i = 0; i < 5_000; i++) recorder.admitted(`/${name}/${i}`, "x", 1);
      await reporter.flush();
    }
    recorder.admitted("/last/1", "x", 1);
    await reporter.flush();
    failing = false;
    await reporter.close();
    const methods = reports.flatMap((report) => report.usage.map(({ method }) => method));
    assert.deepEqual([methods.length, methods[0], methods.at(-1)], [10_000, "early/1", "last/1"]);
    assert.equal(lost(reports[0]), true);
    assert.deepEqual(
      reports.map(({ stopping }) => stopping),
      [...Array(9).fill(false), true],
      "all of it is delivered before the process ends",
    );
  });

  it("ends where the authority is away", async () => {
    const { recorder, reporter } = create();
    recorder.admitted("/a/B", "x", 1);
    await reporter.flush();
    failing = true;
    for (let i = 0; i < 1_500; i++) recorder.admitted(`/a/${i}`, "x", 1);
    await reporter.close();
    assert.equal(reports.length, 1);
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
      [1_000, 1_000, 500, 0],
    );
    const methods = reports.flatMap((report) => report.usage.map(({ method }) => method));
    assert.equal(new Set(methods).size, 2_500);
  });

  it("reports no more at once than the authority takes, and at least one row", async () => {
    const { recorder, reporter } = create();
    const actors = Array.from({ length: 3 }, (_, i) => spiffeId("test", `${i}${"a".repeat(254)}`));
    const caller = spiffeId("test", "c".repeat(255)).uri;
    for (let i = 0; i < 1_000; i++) recorder.admitted(`/${"é".repeat(250)}${i}`, caller, 1, actors);
    await reporter.close();
    const sizes = reports.map(
      (report) => ReportRequest.encode(ReportRequest.fromPartial(report as object)).finish().length,
    );
    assert.ok(Math.max(...sizes) <= 560_000, String(sizes));
    assert.equal(reports.flatMap(({ usage }) => usage).length, 1_000);
    assert.equal(reports.length, 4);
  });

  it("reports as soon as the authority is reached again", async () => {
    const { reporter, contact } = create();
    failing = new InterlockError("UNAVAILABLE", "refused");
    reporter.serving([echo], "host:1");
    await reporter.flush();
    assert.equal(reports.length, 0);
    failing = false;
    contact.reached();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(
      reports.map(({ manifest }) => manifest !== ""),
      [false, true], // What is served, and then its manifest, which was asked for.
    );
    await reporter.close();
  });
});
