import { findRedis } from "@interlock/testing-redis";

let told = false;

/** A `describe` whose tests need a Redis server. Where there is none, one skipped test says so for all of them. */
export function describeRedis(title: string, body: (this: Mocha.Suite) => void): void {
  if (findRedis()) {
    describe(title, body);
    return;
  }
  if (!told) it.skip("every test on Redis: there is no redis-server here: on Debian, apt-get install redis-server");
  told = true;
}
