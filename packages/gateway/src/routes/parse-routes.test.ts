import assert from "node:assert/strict";
import type { ServedService } from "@interlock/policy";
import { maximumFileBytes, parseRoutes, routesOf } from "./parse-routes.js";

const service = (name: string): ServedService => ({ name, servedBy: ["x/*"], methods: [] });

describe("a file of routes", () => {
  it("names manifests, and services with or without addresses", () => {
    const file = parseRoutes(
      'manifests: [a.json]\nservices:\n  a.B: {}\n  a.C: {addresses: ["127.0.0.1:1"], servers: ["c/*"], any_bot: true}\n  a.D:\n',
    );
    assert.deepEqual(routesOf(file, [service("a.B"), service("a.C"), service("a.D"), service("a.E")]), [
      { service: service("a.B") },
      { service: service("a.C"), addresses: ["127.0.0.1:1"], servers: ["c/*"], anyBot: true },
      { service: service("a.D") },
    ]);
  });

  it("takes all services of its manifests where it names none", () => {
    assert.deepEqual(routesOf(parseRoutes("manifests: [a.json]"), [service("a.B")]), [{ service: service("a.B") }]);
  });

  it("names a service that no manifest has", () => {
    const file = parseRoutes("manifests: [a.json]\nservices: {a.B: {}, a.C: {}}");
    assert.throws(() => routesOf(file, [service("a.B")]), /no manifest has a\.C/);
  });

  const faulty: readonly (readonly [text: string, fault: RegExp])[] = [
    ["", /no mapping/],
    ["[]", /no mapping/],
    ["services: {}", /manifests is missing/],
    ["manifests: a.json", /manifests of the file is no list/],
    ["manifests: [a.json]\nroutes: {}", /there is no "routes"/],
    ["manifests: [a.json]\nservices: []", /services is no mapping/],
    ["manifests: [a.json]\nservices: {a.B: 1}", /a\.B is no mapping/],
    ["manifests: [a.json]\nservices: {a.B: {address: x}}", /a\.B has no "address"/],
    ["manifests: [a.json]\nservices: {a.B: {any_bot: 1}}", /any_bot of a\.B is neither/],
    ["manifests: [a.json]\nservices: {a.B: {addresses: [1]}}", /addresses of a\.B is no list/],
    ["manifests: [a.json]\nmanifests: [b.json]", /unique/i],
    ["manifests: [&x a, *x]", /alias/i],
    [`manifests: [a]\n#${"x".repeat(maximumFileBytes)}`, /bytes/],
  ];
  for (const [text, fault] of faulty) {
    it(`refuses ${JSON.stringify(text.slice(0, 60))}`, () => assert.throws(() => parseRoutes(text), fault));
  }
});
