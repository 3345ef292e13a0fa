/** A request as it reaches a pod. */
export interface PodRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly host: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
}

/** What a pod answers. */
export interface PodAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A connection to whatever serves a port; it may take its time. */
export type Connection = (request: PodRequest) => PodAnswer | Promise<PodAnswer>

/** How the load balancer reaches pods, in one cluster or in all of them; undefined = the connection is refused. */
export interface Dialler {
  /** `instance` is projects/P/zones/Z/instances/I. */
  dialNode(instance: string, port: number): Connection | undefined
  dialPod(ip: string, port: number): Connection | undefined
}

/** All clusters of this moment as one: the first that connects serves. */
export function dialAny(clusters: () => Iterable<Dialler>): Dialler {
  function first(dial: (cluster: Dialler) => Connection | undefined): Connection | undefined {
    for (const cluster of clusters()) {
      const connection = dial(cluster)
      if (connection !== undefined) return connection
    }
    return undefined
  }
  return {
    dialNode: (instance, port) => first((cluster) => cluster.dialNode(instance, port)),
    dialPod: (ip, port) => first((cluster) => cluster.dialPod(ip, port)),
  }
}
