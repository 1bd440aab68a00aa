import { EchoService } from "@interlock/bot/testing";
import type { ServiceDefinition } from "@interlock/policy";

const { echo, count, join, chat, open, reset } = EchoService.methods;
const path = (name: string) => `/test.DoorService/${name}`;

/** A service behind a door, with a method of each kind, and of each policy that a door looks at. */
export const DoorService = {
  name: "test.DoorService",
  servedBy: ["echo/*"],
  via: ["gateway/*"],
  methods: {
    echo: { ...echo, path: path("Echo") },
    count: { ...count, path: path("Count") },
    join: { ...join, path: path("Join") },
    chat: { ...chat, path: path("Chat") },
    open: { ...open, path: path("Open") },
    reset: { ...reset, path: path("Reset") },
    /** Only for callers of this name. */
    named: { ...echo, path: path("Named"), policy: { ...echo.policy, callers: ["captain/*"] } },
    limited: { ...echo, path: path("Limited"), policy: { ...echo.policy, rate: { perSecond: 0.001, burst: 3 } } },
    sunset: {
      ...echo,
      path: path("Sunset"),
      policy: { ...echo.policy, deprecation: { since: "2025-01-01", sunset: "2026-01-01" } },
    },
  },
} satisfies ServiceDefinition;
