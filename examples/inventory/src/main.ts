// A complete stock room with its own authority: node dist/main.js
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAuthority } from "@interlock/authority";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { InventoryService } from "./gen/depot/inventory/v1/inventory_interlock.js";
import { inventory } from "./inventory.js";
import { show, showRefusal, text } from "./show.js";
import { createStockBook } from "./stock-book.js";

const dir = await mkdtemp(join(tmpdir(), "inventory-"));
const cleanUps: (() => Promise<unknown>)[] = [() => rm(dir, { recursive: true })];
try {
  const options = { dataDir: join(dir, "authority"), trustDomain: "depot", port: 0, log: silentLog };
  const authority = await startAuthority(options);
  cleanUps.push(() => authority.close());
  await authority.applyGrants(await readFile(new URL("../grants.yaml", import.meta.url), "utf8"));

  const member = async (name: string): Promise<Bot> => {
    const joinToken = await authority.createJoinToken(name);
    const stateDir = join(dir, name);
    const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log: silentLog });
    cleanUps.push(() => bot.close(0));
    return bot;
  };
  const book = createStockBook({ "bolt-m8": 100 });
  const { address } = await (await member("inventory/1")).serve({ port: 0 }, (routes) =>
    routes.add(InventoryService, inventory(book)),
  );
  const tracker = (await member("tracker/1")).client(InventoryService, address);
  const fulfilment = (await member("fulfilment/1")).client(InventoryService, address);
  const sku = "bolt-m8";

  await show("tracker/1 GetStock", tracker.getStock({ sku }));
  const changes = tracker.watchStock({ sku })[Symbol.asyncIterator]();
  await changes.next();

  // An answer may get lost, so the same request is sent twice; it takes effect once.
  const reserve = { idempotencyKey: randomUUID(), sku, quantity: 20, orderId: "A-1" };
  await show("fulfilment/1 ReserveStock", fulfilment.reserveStock(reserve));
  await show("fulfilment/1 ReserveStock, again", fulfilment.reserveStock(reserve));
  console.log(`  tracker/1 sees   ${text((await changes.next()).value)}`);

  const take = { sku, difference: -5, reason: "broken" };
  const adjust = () => fulfilment.adjustStock({ ...take, idempotencyKey: randomUUID() });
  await show("fulfilment/1 AdjustStock", adjust());
  console.log(`  tracker/1 sees   ${text((await changes.next()).value)}`);

  await showRefusal("tracker/1 ReserveStock", tracker.reserveStock({ ...reserve, idempotencyKey: randomUUID() }));
  await showRefusal("tracker/1 AdjustStock", tracker.adjustStock({ ...take, idempotencyKey: randomUUID() }));
  // inventory.proto allows a burst of three.
  await Promise.all([adjust(), adjust()]);
  await showRefusal("fulfilment/1 AdjustStock, a fourth time", adjust());

  await show("tracker/1 CountItem", tracker.countItem({ sku }));
  const { deprecation } = InventoryService.methods.countItem.policy;
  console.log(`  until ${deprecation?.sunset}; instead: ${deprecation?.replacement}`);
} finally {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
}
