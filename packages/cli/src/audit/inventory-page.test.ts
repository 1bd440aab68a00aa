import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createInventory, inventoryPage, scoreRisk } from "@interlock/audit";
import { cafe, fleetWith, gripper, serviceWith } from "@interlock/audit/testing";
import { findChromium } from "@interlock/testing-processes";
import { type Browser, chromium } from "playwright-core";

const screens = {
  light: { viewport: { width: 1280, height: 1000 }, colorScheme: "light" },
  dark: { viewport: { width: 1280, height: 1000 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, colorScheme: "light" },
} as const;
const executablePath = findChromium();

/** A fleet with one of everything that the page shows. */
function everything() {
  const old = serviceWith("cafe.old.v1.OldService", [
    {
      name: "Gone",
      risk: "critical",
      dataClasses: ["secret"],
      deprecation: { since: "2026-01-01", sunset: "2026-05-01" },
    },
    { name: "Unused", worstCase: "The cafe is without coffee for a day." },
  ]);
  const inputs = fleetWith({
    ...cafe,
    bots: [...cafe.bots, { name: "old/1", serves: [old], address: "127.0.0.1:1", joins: false }],
    project: [gripper, old],
  });
  const inventory = createInventory(inputs);
  return inventoryPage(inventory, scoreRisk(inventory, inputs));
}

describe("the inventory's page in a browser", () => {
  if (!executablePath) {
    it("is not tested: there is no Chromium here; on Debian, apt-get install chromium");
    return;
  }
  let browser: Browser;
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "interlock-page-"));
    await writeFile(join(dir, "inventory.html"), everything());
    browser = await chromium.launch({ executablePath });
  });
  after(async () => {
    await browser?.close();
    await rm(dir, { recursive: true });
  });

  for (const [name, screen] of Object.entries(screens)) {
    it(`is accessible, and not wider than the screen: ${name}`, async () => {
      // Its own policy forbids every script; axe is one.
      const context = await browser.newContext({ ...screen, bypassCSP: true });
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on("console", (message) => complaints.push(message.text()));
      page.on("request", (request) => {
        if (!request.url().endsWith("/inventory.html")) complaints.push(request.url());
      });
      await page.goto(pathToFileURL(join(dir, "inventory.html")).href);
      const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
      const faults = await page.evaluate<string[]>(
        `${axe}; axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }).then((r) => r.violations.map((v) => v.id + v.nodes[0].html))`,
      );
      assert.deepEqual(faults, []);
      assert.ok((await page.evaluate<number>("document.documentElement.scrollWidth")) <= screen.viewport.width);
      assert.equal(await page.locator("article").count(), 6);
      assert.deepEqual(complaints, []);
      await context.close();
    });
  }
});
