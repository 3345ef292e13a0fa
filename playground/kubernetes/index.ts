/** Simulated Kubernetes clusters: an API server, workloads, nodes in the simulated Compute, and GKE's in-cluster ingress controller. */
export { createCluster, type ClusterOptions, type SimulatedCluster } from './cluster.ts'
export type { PodAnswer, PodConnection, PodRequest } from './data-plane.ts'
export { serveCluster, type ServedCluster } from './http-server.ts'
export { writeKubeconfig } from './kubeconfig.ts'
export { statusLabel } from './workloads/pods.ts'
