export { NoAnswer } from './api-error.ts'
export type { Scope } from './api-table.ts'
export {
  actorHeader,
  type ComputeOptions,
  createCompute,
  type HealthSource,
  type HealthStatus,
  type SimulatedCompute,
} from './compute.ts'
export type { FaultMatch, Faults } from './faults.ts'
export type { ComputeChange, ComputeCounters, ComputeView } from './inspection.ts'
export type { Json, JsonObject } from './json.ts'
export { routeRequest, type Routed, type RoutedRequest } from './kinds/url-map-routing.ts'
export type { Quotas, RateLimit, RateLimits } from './limits.ts'
export { type ServedCompute, serveCompute } from './server.ts'
