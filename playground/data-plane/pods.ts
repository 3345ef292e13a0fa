/** A request as it reaches a pod. */
export interface PodRequest {
  method: string
  /** With the query. */
  path: string
  host: string
  headers: Readonly<Record<string, string>>
}

/** What a pod answers. */
export interface PodAnswer {
  status: number
  headers?: Readonly<Record<string, string>>
  body: string
}

/** An open connection to whatever serves a port; it may take its time. */
export type Connection = (request: PodRequest) => PodAnswer | Promise<PodAnswer>

/** How the load balancer reaches the clusters; undefined = the connection is refused. */
export interface Dialler {
  /** `instance` is projects/P/zones/Z/instances/I. */
  dialNode(instance: string, port: number): Connection | undefined
  dialPod(ip: string, port: number): Connection | undefined
}
