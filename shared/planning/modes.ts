import type { IngressSettings } from '../ingress/model.ts'
import { asksForNegs, negRequest } from './negs.ts'
import type { Place } from './service-layout.ts'

/** What a backend service holds: instance groups, or network endpoint groups with the pods themselves in them. */
export type BackendMode = 'instance-groups' | 'neg'

/** The mode of one port of a Service over all its clusters, and why. */
export type ModeDecision = { is: 'decided'; mode: BackendMode; why: string } | { is: 'mixed'; message: string }

/**
 * One backend service holds the one or the other (the API refuses a mixture), so a port is served in one mode in all its
 * clusters. `places` are where it is, in the order of the clusters' names.
 */
export function modeOf(setting: IngressSettings['backends'], port: number, places: readonly Place[]): ModeDecision {
  if (setting !== 'auto')
    return {
      is: 'decided',
      mode: setting,
      why: `${words[setting]}, because the annotation multicluster-ingress.io/backends says so`,
    }
  const asking = places.filter((place) => asksForNegs(place.neg, port))
  const others = places.filter((place) => !asking.includes(place))
  if (asking.length === 0)
    return {
      is: 'decided',
      mode: 'instance-groups',
      why: `${words['instance-groups']}, because the Service asks for network endpoint groups in no cluster (annotation cloud.google.com/neg)`,
    }
  if (others.length === 0)
    return {
      is: 'decided',
      mode: 'neg',
      why: `${words.neg}, because the Service asks for them in every cluster that has it (annotation cloud.google.com/neg)`,
    }
  // An exposed port leaves the NodePort and its instance groups as they are: somebody else may want those endpoints.
  if (asking.every((place) => !negRequest(place.neg).ingress && place.port.nodePort !== null))
    return {
      is: 'decided',
      mode: 'instance-groups',
      why: `${words['instance-groups']}, because the Service asks for network endpoint groups in ${list(asking)} and not in ${list(others)}, and instance groups serve in all of them`,
    }
  return {
    is: 'mixed',
    message: `asks for network endpoint groups in cluster ${list(asking)} and not in ${list(others)}, and a backend service holds either these or instance groups: set the annotation cloud.google.com/neg of the Service to {"ingress":true} in ${list(others)} too, or to {"ingress":false} in ${list(asking)}`,
  }
}

/** The other of the two. */
export function otherMode(mode: BackendMode): BackendMode {
  return mode === 'neg' ? 'instance-groups' : 'neg'
}

/** Modes for sentences. */
export const words: Readonly<Record<BackendMode, string>> = {
  'instance-groups': 'instance groups',
  neg: 'network endpoint groups',
}

function list(places: readonly Place[]): string {
  return places.map(({ cluster }) => cluster.doc.name).join(', ')
}
