import assert from "node:assert/strict";
import { silentLog } from "@interlock/bot";
import { type Instance, Instances, type Target } from "../routes/instances.js";
import type { CompleteRoute } from "../routes/routes.js";
import { followPlaces, type PlacesFollower } from "./follow-places.js";

const service = { name: "test.EchoService", servedBy: ["echo/*"], methods: [] };
const place = (name: string): Target => ({ address: `${name}.example:1`, servers: [name] });
const route = (addresses?: readonly string[]) =>
  ({ service, addresses, servers: ["echo/*"] }) as unknown as CompleteRoute;

describe("the places of services", () => {
  let follower: PlacesFollower | undefined;
  let current: CompleteRoute;
  let instances: Instances;
  let changes: number;
  let answer: () => Promise<readonly Target[]>;
  const addresses = () => instances.all.map(({ address }: Instance) => address);

  beforeEach(() => {
    instances = new Instances();
    changes = 0;
    follower = followPlaces(() => [[current, instances]], {
      locate: () => answer(),
      log: silentLog,
      self: "gateway/1",
      onChange: () => changes++,
    });
  });
  afterEach(() => follower?.close());

  it("come from the directory, but for the gateway itself", async () => {
    current = route();
    answer = async () => [place("echo/1"), place("gateway/1")];
    await follower?.look();
    assert.deepEqual(addresses(), ["echo/1.example:1"]);
    assert.equal(changes, 1);
  });

  it("stay while the directory cannot be asked, and go when it says so", async () => {
    current = route();
    answer = async () => [place("echo/1")];
    await follower?.look();
    answer = () => Promise.reject(new Error("away"));
    await follower?.look();
    assert.deepEqual(addresses(), ["echo/1.example:1"]);
    answer = async () => [];
    await follower?.look();
    assert.deepEqual(addresses(), []);
  });

  it("are those of the latest routes, whatever the directory answers later", async () => {
    current = route();
    let asked = () => {};
    let tell: (found: readonly Target[]) => void = () => {};
    const begun = new Promise<void>((resolve) => (asked = resolve));
    answer = () => {
      asked();
      return new Promise((resolve) => (tell = resolve));
    };
    const looking = follower?.look();
    await begun;
    current = route(["new.example:1"]);
    await follower?.look();
    tell([place("echo/old")]);
    await looking;
    assert.deepEqual(addresses(), ["new.example:1"]);
  });
});
