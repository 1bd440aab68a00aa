import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findChromium } from "@interlock/testing-processes";
import { type Browser, chromium, type Page } from "playwright-core";
import { fleetPage } from "./fleet-page.js";
import { createHub, type Hub } from "./hub.js";
import { createFleetView, type FleetView } from "./model/fleet.js";
import { createPageServer, type PageServer } from "./page-server.js";
import { readPage } from "./read-page.js";
import { syntheticFleet } from "./testing/synthetic-fleet.js";

const screens = {
  laptop: { viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" },
  phone: {
    viewport: { width: 390, height: 844 },
    deviceScaleFactor: 2,
    isMobile: true,
    hasTouch: true,
    reducedMotion: "reduce",
  },
} as const;
const docs = fileURLToPath(new URL("../../../../docs/", import.meta.url));
const executablePath = findChromium();

describe("the fleet's dashboard in a browser", () => {
  if (!executablePath) {
    it("is not tested: there is no Chromium here; on Debian, apt-get install chromium");
    return;
  }

  let browser: Browser;
  let axe: string;
  let hub: Hub;
  const servers: PageServer[] = []; // One for each window: a link works once.
  let now: number;
  const complaints: string[] = [];
  const wide: Page[] = [];

  before(async () => {
    browser = await chromium.launch({ executablePath });
    axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  });
  after(() => browser?.close());
  beforeEach(async () => {
    now = new Date(2026, 4, 12, 14, 30, 0).getTime();
    hub = createHub(createFleetView("authority.cafe.internal:7443", "viewer/alice"), () => now);
  });
  afterEach(async () => {
    for (const page of wide.splice(0)) await page.context().close();
    hub.close();
    for (const server of servers.splice(0)) await server.close();
    assert.deepEqual(complaints.splice(0), [], "the browser complained");
  });

  async function open(screen: keyof typeof screens, colorScheme: "light" | "dark"): Promise<Page> {
    const routes = await readPage(fleetPage);
    routes.set("/events", (_, response) => hub.connect(response));
    const server = await createPageServer(routes, { port: 0 });
    servers.push(server);
    const page = await (await browser.newContext({ ...screens[screen], colorScheme })).newPage();
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(server.url)) complaints.push(`asks for ${request.url()}`);
    });
    wide.push(page);
    await page.goto(server.link);
    await page.locator("#numbers strong").first().waitFor();
    assert.equal(page.url(), server.url, "the key is not in the address");
    return page;
  }

  const says = (page: Page, selector: string, text: string | RegExp) =>
    page.locator(selector).filter({ hasText: text }).first().waitFor({ timeout: 5_000, state: "attached" });

  /** The accessibility problems that a program can find. */
  async function faults(page: Page): Promise<string[]> {
    const found = await page.evaluate<{ id: string; nodes: { html: string; failureSummary: string }[] }[]>(
      `${axe}; axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }).then((r) => r.violations)`,
    );
    const told = found.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    );
    const width = await page.evaluate<number>("document.documentElement.scrollWidth");
    return width > (page.viewportSize()?.width ?? 0) ? [...told, "it is wider than the screen"] : told;
  }

  /** Writes docs/fleet-<name>.png if INTERLOCK_SCREENSHOTS is set. */
  async function picture(page: Page, name: string): Promise<void> {
    assert.ok(await page.evaluate("document.fonts.ready.then(() => document.fonts.check('14px \"Inter Variable\"'))"));
    const png = await page.screenshot({ animations: "disabled" });
    assert.ok(png.length > 20_000, `${name} is empty`);
    if (process.env.INTERLOCK_SCREENSHOTS) await writeFile(join(docs, `fleet-${name}.png`), png);
  }

  it("shows a fleet, accessibly: in light, in dark and on a phone", async () => {
    hub.show(syntheticFleet(42, now));
    for (const [screen, scheme, name] of [
      ["laptop", "light", "light"],
      ["laptop", "dark", "dark"],
      ["phone", "light", "phone"],
    ] as const) {
      const page = await open(screen, scheme);
      await says(page, "#numbers li", /Online.*of 39/);
      await says(page, "#refusals li", /NO_CERTIFICATE×4.812.*a stranger in the handshake with door\/1/);
      await says(page, "#refusals li", /SCOPE_MISSING.*coffee\/2 → GripperService\/Grip of gripper\/3/);
      await says(page, "#endpoints tr", /CameraService/);
      await says(page, "#flows tr", /coffee\/2.*gateway\/1.*GripperService.*gripper\/1, gripper\/3.*18\u2009204.*3/);
      await says(page, "#flows tr", /camera\/9.*by agent\/1.*gateway\/2.*LiftService/);
      await says(page, "#flows-count", "4, today and yesterday (UTC)");
      await says(page, "#revocations tr", /charger\/6.*stolen from the loading dock/);
      await says(page, "#grants tr", /coffee\/\*.*GripperService.*gripper:actuate, gripper:observe/);
      assert.equal(await page.locator("#away").isVisible(), false);
      assert.deepEqual(await faults(page), [], name);
      await picture(page, name);
    }
  });

  it("shows a thousand bots in pages, finds one, and updates rows in place", async () => {
    const fleet = syntheticFleet(1_000, now);
    hub.show(fleet);
    const page = await open("laptop", "light");
    await says(page, "#bots-count", "1\u2009000 of 1\u2009000");
    const rows = page.locator("#bots tbody tr");
    assert.equal(await rows.count(), 15);
    await says(page, "#bots .pager", "1 to 15 of 1000");
    await page.getByRole("button", { name: "Next bots" }).click();
    await says(page, "#bots .pager", "16 to 30 of 1000");
    assert.equal(await rows.count(), 15);
    await page.locator("#bots-find").fill("lift/12");
    await says(page, "#bots-count", "7 of 1\u2009000");
    await rows.first().evaluate((row) => row.setAttribute("data-kept", ""));
    const bot = fleet.tables.bots["lift/12"];
    assert.ok(bot);
    const later: FleetView = { ...fleet, tables: { ...fleet.tables, bots: { ...fleet.tables.bots } } };
    later.tables.bots["lift/12"] = { ...bot, state: "revoked", online: false, lastSeenAt: now - 5_000 };
    hub.show(later);
    await says(page, "#bots tr", /lift\/12\s*revoked\s*5 s ago/);
    assert.equal(await page.locator("#bots tr[data-kept]").count(), 1, "the row has stayed");
    await page.locator("#bots-find").fill("");
    await page.locator("#bots-which").selectOption("attention");
    await says(page, "#bots tr", /\d+ min left/);
    assert.deepEqual(await faults(page), []);
  });

  it("says since when the authority or the dashboard is away, and when all is current again", async () => {
    const fleet = syntheticFleet(8, now);
    hub.show(fleet);
    const page = await open("laptop", "dark");
    hub.show({ ...fleet, link: { up: false, heardAt: now - 90_000, reason: "Nothing listens there" } });
    await says(page, "#away-title", "The authority at authority.cafe.internal:7443 has not answered since 14:28:30.");
    await says(page, "#away-why", /Nothing listens there\. What is below is 1 min old\./);
    await says(page, "#status li", "Authority away");
    await says(page, "#polite", "has not answered since");
    assert.equal(await page.locator("#bots tbody tr").count(), 8, "what is known stays");
    assert.deepEqual(await faults(page), []);
    await picture(page, "away");
    hub.show({ ...fleet, link: { up: true, heardAt: now, reason: "" } });
    await page.locator("#away").waitFor({ state: "hidden" });
    await says(page, "#polite", "Everything is current again.");
  });

  it("shows as text what a bot or an operator has written, and does nothing of it", async () => {
    const fleet = syntheticFleet(1, now);
    const attack = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    fleet.tables.revocations.x = {
      key: "x",
      kind: "identity",
      subject: attack,
      reason: `\u202e${attack}`,
      revokedAt: now,
    };
    fleet.tables.refusals.x = {
      key: "x",
      bot: attack,
      caller: attack,
      method: attack,
      reason: attack,
      count: 1,
      lastAt: now,
    };
    fleet.tables.flows.x = {
      ...{ key: "x", gateway: attack, caller: attack, by: attack, service: attack, servers: attack },
      ...{ calls: 99_999, refused: 1 },
    };
    hub.show(fleet);
    const page = await open("laptop", "light");
    await says(page, "#flows tr", "<script>");
    await says(page, "#revocations tr", "<img src=x");
    await says(page, "#refusals li", "<script>");
    assert.equal(await page.locator("main img, main script").count(), 0);
    assert.equal(await page.title(), "Interlock fleet");
  });
});
