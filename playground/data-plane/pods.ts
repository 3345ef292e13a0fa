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

/** A connection to whatever serves a port, which may take its time; or why there is none. */
export type Dialled =
  | { readonly connected: true; answer(request: PodRequest): PodAnswer | Promise<PodAnswer> }
  | { readonly connected: false; readonly why: string }

/** How the load balancer reaches pods: one cluster, or all of them. */
export interface Dialler {
  /** `instance` is projects/P/zones/Z/instances/I. */
  dialNode(instance: string, port: number): Dialled
  dialPod(ip: string, port: number): Dialled
}

/** All clusters of this moment as one: the first that connects serves. */
export function dialAny(clusters: () => Iterable<Dialler>): Dialler {
  function first(dial: (cluster: Dialler) => Dialled, what: string): Dialled {
    let why = `no cluster has ${what}`
    for (const cluster of clusters()) {
      const dialled = dial(cluster)
      if (dialled.connected) return dialled
      why = dialled.why
    }
    return { connected: false, why }
  }
  return {
    dialNode: (instance, port) => first((cluster) => cluster.dialNode(instance, port), instance),
    dialPod: (ip, port) => first((cluster) => cluster.dialPod(ip, port), `a pod with address ${ip}`),
  }
}
