/** The grants of a dashboard: read only. Lines of a grants file, below `grants:`. */
export const dashboardGrants = `
  "dashboard/*":
    interlock.swarm.v1.OperatorService: [swarm:read]
    interlock.swarm.v1.SafetyService: [safety:watch]
    warehouse.v1.TrafficService: [floor:read]
    warehouse.v1.FeedService: [feed:read]
`;
