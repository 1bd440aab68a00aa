import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { findChromium } from "@interlock/testing-processes";
import { type Browser, chromium, type Page } from "playwright-core";
import { startReplay } from "./start-replay.js";
import { createLivePage, type LivePage } from "./testing/live-page.js";
import { moments, syntheticRun } from "./testing/synthetic-run.js";

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
const run = syntheticRun();

describe("the page in a browser", () => {
  if (!executablePath) {
    it("is not tested: there is no Chromium here; on Debian, apt-get install chromium");
    return;
  }

  let browser: Browser;
  let live: LivePage;
  let axe: string;
  // One window for each screen: opening one takes longer than any of these tests.
  const pages = new Map<keyof typeof screens, Page>();
  const complaints: string[] = [];

  before(async () => {
    browser = await chromium.launch({ executablePath });
    axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  });
  after(() => browser?.close());
  beforeEach(async () => {
    live = await createLivePage();
  });
  afterEach(async () => {
    for (const page of pages.values()) await page.goto("about:blank");
    await live.close();
    assert.deepEqual(complaints.splice(0), [], "the browser complained");
  });

  async function window(screen: keyof typeof screens): Promise<Page> {
    const page = await (await browser.newContext(screens[screen])).newPage();
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      // One test needs a refused connection.
      const meant = message.text().includes("ERR_CONNECTION_REFUSED");
      if (message.type() === "error" && !meant) complaints.push(message.text());
    });
    page.on("request", (request) => {
      if (!/^http:\/\/127\.0\.0\.1:|^about:/.test(request.url())) complaints.push(`asks for ${request.url()}`);
    });
    pages.set(screen, page);
    return page;
  }

  async function open(url: string, screen: keyof typeof screens, colorScheme: "light" | "dark"): Promise<Page> {
    const page = pages.get(screen) ?? (await window(screen));
    await page.emulateMedia({ colorScheme });
    await page.goto(url);
    await page.locator("#numbers strong").first().waitFor();
    return page;
  }

  /** Waits until the text of a matching element is as expected. A locator would poll less and less often. */
  async function says(page: Page, selector: string, text: string | RegExp): Promise<void> {
    const wanted = typeof text === "string" ? (said: string) => said.includes(text) : (said: string) => text.test(said);
    let texts: string[] = [];
    for (const until = performance.now() + 5_000; performance.now() < until; await delay(15)) {
      texts = await page.locator(selector).allTextContents();
      if (texts.some(wanted)) return;
    }
    assert.fail(`${selector} does not say ${text}, but ${texts.join(" | ")}`);
  }

  /** The accessibility problems that a program can find. */
  async function faults(page: Page): Promise<string[]> {
    const found = await page.evaluate<{ id: string; nodes: { html: string; failureSummary: string }[] }[]>(
      `${axe}; axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }).then((r) => r.violations)`,
    );
    const told = found.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    );
    return (await tooWide(page)) ? [...told, "it is wider than the screen"] : told;
  }

  // A phone would widen its window to fit the content.
  const tooWide = async (page: Page) =>
    (await page.evaluate<number>("document.documentElement.scrollWidth")) > (page.viewportSize()?.width ?? 0);

  /** Takes a reproducible screenshot at one moment of the run; writes it to docs/ if INTERLOCK_SCREENSHOTS is set. */
  async function picture(page: Page, name: string): Promise<void> {
    assert.ok(await page.evaluate("document.fonts.ready.then(() => document.fonts.check('14px \"Inter Variable\"'))"));
    const png = await page.screenshot({ animations: "disabled" });
    assert.ok(png.length > 20_000, `${name} is empty`);
    if (process.env.INTERLOCK_SCREENSHOTS) await writeFile(join(docs, `dashboard-${name}.png`), png);
  }

  it("shows a swarm at work, accessibly", async () => {
    live.play(run, moments.stop[0] - 4_000);
    const page = await open(live.url, "laptop", "light");
    await says(page, "#numbers li", /Completed\s*\d+ of 150/);
    assert.equal(await page.locator(".map .robot").count(), 6);
    await says(page, "#robots tr", /worker\/3\s*lost/);
    await says(page, "#robots tr", /worker\/1.*\d·\d+heard \d\.\d s ago.*\d+ %/);
    await says(page, "#acts li", /The operator's token, stolen.*as expected: TOKEN_SUBJECT_MISMATCH/);
    await says(
      page,
      "#denials li",
      /RATE_LIMITED×4 812.*the visitor's laptop \(visitor\/1\).*OperatorService\/SubmitTask/,
    );
    await says(page, "#credentials li", /leader\/1.*certificate0:\d\d.*token0:\d\d/);
    await says(page, "#recent li", /worker\/\d/);
    await says(page, "#polite", /^Refused: worker\/5, LEASE_STALE/);
    assert.equal(await page.locator("#stop").isVisible(), false);
    assert.deepEqual(await faults(page), []);
    assert.equal(await page.locator("#acts details[open]").count(), 0, "successful acts are collapsed");
    await page.locator("#details").click();
    assert.equal(await page.locator("#acts details[open]").count(), 12);
    await picture(page, "light");
  });

  it("makes an emergency stop unmistakable, and reports its reset", async () => {
    live.play(run, moments.stop[0] - 1_000);
    const page = await open(live.url, "laptop", "dark");
    assert.equal(await page.locator("#alert").textContent(), "");
    live.play(run, moments.stop[0] + 2_000);
    await page.locator("#stop").waitFor();
    await says(page, "#stop-why", "operator/1: “smoke at station 2”, 2 s ago.");
    await says(page, "#stop-workers li", "worker/3 no answer");
    assert.equal(
      await page.locator("#alert[role=alert]").textContent(),
      "Emergency stop by operator/1: smoke at station 2. 5 robots stopped. Not stopped: worker/3.",
    );
    assert.match(await page.title(), /EMERGENCY STOP/);
    await says(page, "#robots tr", /worker\/1\s*stopped/);
    assert.equal(await page.locator("#acts details[open]").count(), 1, "the running act");
    await picture(page, "dark");
    const failed = { name: "worker/4", outcome: "FAILED", detail: "A task has not come to a halt yet." } as const;
    const rest = Array.from(
      { length: 20 },
      (_, i) => ({ name: `worker/${i + 5}`, outcome: "ACKNOWLEDGED", detail: "" }) as const,
    );
    const silent = { name: "worker/2", outcome: "UNREACHABLE", detail: "" } as const;
    const safety = { latched: true, issuer: "operator/1", reason: "smoke", workers: [silent, failed, ...rest] };
    live.tell({ kind: "safety", safety });
    await says(page, "#stop-workers", /^worker\/2 no answerworker\/4 could not stop20 stopped$/);
    await says(page, "#robots tr", /worker\/4\s*could not stop/);
    assert.equal(
      await page.locator(".map .robot[data-standing=silent]").count(),
      2,
      "worker/1 has not answered either",
    );
    live.play(run, moments.stop[1]);
    await page.locator("#stop").waitFor({ state: "hidden" });
    await says(page, "#alert", "The emergency stop has been reset.");
    assert.equal(await page.title(), "Interlock swarm");
  });

  it("fits a phone, in both colors", async () => {
    live.play(run, moments.lost - 1_500);
    const page = await open(live.url, "phone", "light");
    await says(page, "#denials li", "RATE_LIMITED");
    await picture(page, "phone");
    await page.emulateMedia({ colorScheme: "dark" });
    live.play(run, moments.stop[0] + 1_000);
    await page.locator("#stop").waitFor();
    assert.deepEqual(await faults(page), []);
    for (const width of [320, 768, 1024]) {
      await page.setViewportSize({ width, height: 800 });
      assert.equal(await tooWide(page), false, `${width}`);
    }
  });

  it("reports that the leader or the dashboard is away, and resumes where it was", async () => {
    live.play(run, moments.away[0] + 1_000);
    const page = await open(live.url, "laptop", "light");
    await says(page, "#away", "The leader does not answer (SERVER_UNREACHABLE). This is the state from 1 s ago.");
    await says(page, "#status", "Leader unreachable");
    live.play(run, moments.away[1] + 1_000);
    await page.locator("#away").waitFor({ state: "hidden" });
    await says(page, "#polite", "The leader is back.");
    await live.down();
    await says(page, "#status", "Dashboard lost");
    await says(page, "#away", "The dashboard does not answer.");
    live.tell({ kind: "note", text: "Much has happened." });
    await live.up();
    await says(page, "#note", "Much has happened.");
    await page.locator("#away").waitFor({ state: "hidden" });
  });

  it("can be used from the keyboard, and shows the focus", async () => {
    live.play(run, 10_000);
    const page = await open(live.url, "laptop", "light");
    await says(page, "#robots tr", "worker/6");
    const stops: string[] = [];
    for (let i = 0; i < 4 + 12 + 6; i++) {
      await page.keyboard.press("Tab");
      const [at, outline] = await page.evaluate<[string, string]>(
        "[document.activeElement.textContent.trim(), getComputedStyle(document.activeElement).outlineStyle]",
      );
      stops.push(at ?? "");
      assert.equal(outline, "solid", `the focus on ${at} can be seen`);
    }
    const robots = Array.from({ length: 6 }, (_, i) => `worker/${i + 1}`);
    assert.deepEqual(stops.slice(0, 4), ["Skip to the floor", "Colors: auto", "As a table", "Details"]);
    assert.match(stops[4] ?? "", /^A stranger without a certificate/);
    assert.deepEqual(stops.slice(-6), robots);
    await page.keyboard.press("Enter");
    await page.locator('.map .robot[data-chosen] text:text("6")').waitFor();
    assert.equal(await page.locator(".name[aria-pressed=true]").textContent(), "worker/6");
    await page.locator("#as-table").focus();
    await page.keyboard.press("Space");
    await page.locator("#map").waitFor({ state: "hidden" });
    await says(page, "#floor-table tr", /worker\/2\d+\d+(\w+ \d+|nothing)/);
    await says(page, "#floor-table tr", /station 4/);
    live.play(run, moments.end);
    await page.locator("#outcome").waitFor();
    await says(page, "#credentials li", /visitor\/1revoked.*revoked.*revoked/);
    assert.deepEqual(await faults(page), []);
  });

  it("keeps the chosen colors", async () => {
    const page = await open(live.url, "laptop", "light");
    const ground = () => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    const light = await ground();
    await page.locator("#theme").click();
    assert.equal(await ground(), light, "light, now by choice");
    await page.locator("#theme").click();
    const dark = await ground();
    assert.notEqual(dark, light);
    await page.reload();
    assert.equal(await ground(), dark);
    await page.locator("#theme").click();
    assert.equal(await ground(), light, "the system's choice");
  });

  it("shows a bot's text as plain text", async () => {
    live.play(run, 1_000);
    const page = await open(live.url, "laptop", "light");
    const attacker = '<img src="x" onerror="alert(1)"><script>alert(2)</script>';
    const empty = { caller: "", address: "", method: "", code: "", detail: "", refusedBy: "", at: 0, count: 1 };
    live.tell({ kind: "denial", denial: { id: "1", attacker, reason: "NO_CERTIFICATE", ...empty } });
    live.tell({ kind: "note", text: attacker });
    await says(page, "#denials li", attacker);
    await says(page, "#note", attacker);
    assert.equal(await page.locator("#denials img, #note img, body script").count(), 0);
  });

  it("plays a record: play, pause, seek, speed", async () => {
    const dir = await mkdtemp(join(tmpdir(), "interlock-page-"));
    const file = join(dir, "run.ndjson");
    await writeFile(file, run.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
    const replay = await startReplay({ file });
    try {
      const page = await open(replay.url, "laptop", "dark");
      const position = () => page.locator("#seek").inputValue().then(Number);
      const seek = (to: number) => page.locator("#seek").fill(`${to}`);
      await says(page, "#position", "0:00 / 0:56");
      await seek(moments.stop[0] + 1_000);
      await page.locator("#stop").waitFor();
      await seek(moments.lost - 1_000);
      await page.locator("#stop").waitFor({ state: "hidden" });
      await says(page, "#numbers li", /Refused\s*4 816/);
      await page.locator("#speed").selectOption("8");
      await page.locator("#seek").press(" ");
      await says(page, "#robots tr", /worker\/3\s*lost/);
      await page.locator("#play").click();
      assert.equal(await page.locator("#play").textContent(), "Play");
      const paused = await position();
      assert.ok(paused > moments.lost, `${paused}`);
      await page.locator("#seek").press("ArrowLeft");
      assert.equal(await position(), paused - (paused % 100 || 100));
      await page.locator("#seek").press("End");
      await says(page, "#outcome", /Everything went as expected. \d+ of 150 tasks completed, 0 lost, 0 done twice/);
      await says(page, "#play", "Again");
    } finally {
      await replay.close();
      await rm(dir, { recursive: true });
    }
  });
});
