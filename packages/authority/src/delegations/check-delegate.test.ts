import assert from "node:assert/strict";
import { InterlockError } from "@interlock/bot";
import { maximumMethods } from "@interlock/bot/internal";
import { type AskedDelegation, checkDelegate, isMethodName, maximumServices } from "./check-delegate.js";

const good: AskedDelegation = {
  to: "arms/left",
  scopes: ["item:read"],
  services: ["cafe.v1.ItemService"],
  methods: ["cafe.v1.ItemService/Read"],
  ttlSeconds: 60,
  parent: "",
};
const week = 7 * 24 * 3_600;
const many = (count: number, text: string) => Array.from({ length: count }, () => text);
/** A full name of a service, as long as that. */
const nameOf = (length: number) => "a.".padEnd(length, "B");

describe("checkDelegate", () => {
  const taken: Readonly<Record<string, Partial<AskedDelegation>>> = {
    "a usual request": {},
    "no service and no method": { services: [], methods: [] },
    "the most scopes": { scopes: many(64, "item:read") },
    "the most services": { services: many(maximumServices, "cafe.v1.ItemService") },
    "the most methods": { methods: many(maximumMethods, "cafe.v1.ItemService/Read") },
    "the default time": { ttlSeconds: 0 },
    "the longest time": { ttlSeconds: week },
    "the longest parent": { parent: "p".repeat(128) },
    "the longest service": { services: [nameOf(255)] },
  };
  for (const [what, given] of Object.entries(taken)) {
    it(`takes ${what}`, () => checkDelegate({ ...good, ...given }));
  }

  const refused: Readonly<Record<string, readonly [Partial<AskedDelegation>, message: RegExp]>> = {
    "a name that is none": [{ to: "Arms" }, /^The holder's name is not one: names are in lower case: use "arms"\.$/],
    "a reserved name": [{ to: "interlock/authority" }, /is reserved/],
    "no scope": [{ scopes: [] }, /no scope: name at least one/],
    "too many scopes": [{ scopes: many(65, "item:read") }, /at most 64 scopes/],
    "a malformed scope": [{ scopes: ["item:read", "item"] }, /scope is malformed/],
    "too many services": [{ services: many(maximumServices + 1, "cafe.v1.ItemService") }, /at most 32 services/],
    "a malformed service": [{ services: ["cafe.v1.ItemService", "cafe v1"] }, /service is malformed/],
    "a service that is too long": [{ services: [nameOf(256)] }, /service is malformed/],
    "too many methods": [{ methods: many(maximumMethods + 1, "cafe.v1.ItemService/Read") }, /at most 32 methods/],
    "a malformed method": [{ methods: ["cafe.v1.ItemService/Read", "Read"] }, /method is malformed/],
    "a time that is too long": [{ ttlSeconds: week + 1 }, /seven days at most/],
    "a parent that is too long": [{ parent: "p".repeat(129) }, /parent is no id/],
  };
  for (const [what, [given, message]] of Object.entries(refused)) {
    it(`refuses ${what}, and says so`, () => {
      assert.throws(
        () => checkDelegate({ ...good, ...given }),
        (error) => {
          assert.ok(error instanceof InterlockError);
          assert.equal(error.code, "INVALID_ARGUMENT");
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }
});

describe("isMethodName", () => {
  for (const name of [
    "a.B/C",
    "cafe.v1.ItemService/Read",
    "a.B/_c9",
    `a.B/${"m".repeat(255)}`,
    `${nameOf(255)}/${"m".repeat(255)}`,
  ]) {
    it(`takes ${name.slice(0, 40)}`, () => assert.ok(isMethodName(name)));
  }
  for (const name of [
    ...["", "/", "a.B", "a.B/", "/C", "/a.B/C", "a.B/C/D", "a.B/C/", "a.B/9", "a.B/C-D", "a.B/C ", "a.B/ C", "a b/C"],
    ...[`a.B/${"m".repeat(256)}`, `${nameOf(256)}/${"m".repeat(255)}`],
  ]) {
    it(`refuses ${JSON.stringify(name.slice(0, 40))}`, () => assert.ok(!isMethodName(name)));
  }
});
