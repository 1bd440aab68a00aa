import type { Bot, ServiceDefinition } from "@interlock/bot";
import type { Method } from "@interlock/policy";

interface PlaceRequest {
  readonly item: string;
}

/** The service that is called, as its generated code defines it. */
export type OrderServiceDefinition = ServiceDefinition<{ readonly place: Method<PlaceRequest, object, "unary"> }>;

/** What docs/federation.md shows: a call to another trust domain. */
export async function placeAbroad(bot: Bot, OrderService: OrderServiceDefinition): Promise<void> {
  const shop = bot.client(OrderService, "shop.cafe.example:50051", {
    federated: { trustDomain: "cafe", authority: "authority.cafe.example:7443" },
  });
  await shop.place({ item: "espresso" });
}
