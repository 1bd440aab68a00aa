import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { auditPage, parseAuditFile, runAudit, type ScannedPort } from "@interlock/audit";
import { findChromium } from "@interlock/testing-processes";
import { type Browser, chromium } from "playwright-core";

const now = Date.parse("2026-06-01T12:00:00Z");

const port = (address: string, more: Partial<ScannedPort>): ScannedPort => ({
  address,
  protocol: "grpc",
  process: { pid: 4_711, name: "diagnostics-2018" },
  answersWithoutToken: "no",
  open: [],
  services: [],
  sentences: ["Everybody on the network can read what is said to it.", "It does not ask its callers who they are."],
  ...more,
});

const report = () => {
  const { suppressions } = parseAuditFile(
    "suppressions:\n  - {rule: open-channelz, subject: '10.0.0.7:50051', reason: The test rig needs it., expires: 2026-12-31}\n",
    "interlock.audit.yaml",
  );
  const ports = [
    port("127.0.0.1:8080", { open: ["grpc.reflection.v1.ServerReflection", "grpc.health.v1.Health"] }),
    port("10.0.0.7:50051", { open: ["grpc.channelz.v1.Channelz"], answersWithoutToken: "yes" }),
    port("warehouse-controller-with-a-long-name.production.cafe.example:50052", {
      tls: { versions: ["TLSv1.1"], demandsClientCertificate: "yes", acceptsForeignCertificate: "no" },
      sentences: [`It says <script>alert("x")</script>.`],
    }),
  ];
  const joinTokens = [
    { id: "5d1c0f9a7be2", name: "worker/*", createdAt: now, expiresAt: now + 7 * 86_400_000, uses: 100, used: 1 },
  ];
  return runAudit(
    { now, scan: { startedAt: now, endedAt: now, targets: ["127.0.0.1"], ports }, joinTokens },
    { suppressions },
  );
};

describe("the page of an audit in a browser", () => {
  const executablePath = findChromium();
  if (!executablePath) {
    it("is not tested: there is no Chromium here; on Debian, apt-get install chromium");
    return;
  }

  let browser: Browser;
  let folder: string;
  before(async () => {
    browser = await chromium.launch({ executablePath });
    folder = await mkdtemp(join(tmpdir(), "interlock-audit-page-"));
  });
  after(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  for (const colorScheme of ["light", "dark"] as const) {
    for (const [screen, width] of [
      ["laptop", 1_280],
      ["phone", 390],
    ] as const) {
      it(`is readable on a ${screen}, ${colorScheme}, and asks for nothing`, async () => {
        const file = join(folder, "audit.html");
        await writeFile(file, auditPage(report()));
        const context = await browser.newContext({ viewport: { width, height: 844 }, colorScheme });
        const page = await context.newPage();
        const asked: string[] = [];
        page.on("request", (request) => asked.push(request.url()));
        await page.goto(pathToFileURL(file).href);
        await page.evaluate(await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
        const { violations } = (await page.evaluate("axe.run()")) as { violations: { id: string }[] };
        assert.deepEqual(
          violations.map(({ id }) => id),
          [],
        );
        assert.equal(await page.evaluate("document.documentElement.scrollWidth"), width);
        assert.deepEqual(asked, [page.url()]);
        if (process.env.SCREENSHOTS)
          await page.screenshot({
            path: join(process.env.SCREENSHOTS, `audit-${screen}-${colorScheme}.png`),
            fullPage: true,
          });
        await context.close();
      });
    }
  }
});
