import { z } from 'zod'
import { readBackendConfig, type BackendSettings } from './backend-config.ts'
import { readFields, text } from './fields.ts'
import { readFrontendConfig, type FrontendSettings } from './frontend-config.ts'
import { readMetadata } from './metadata.ts'
import { readMultiClusterService, type MultiClusterServiceModel } from './multi-cluster-service.ts'
import type { Report } from './report.ts'

/** What an object says that is published beside Ingresses and remembered for those that name it. */
export type ObjectContent =
  | { kind: 'BackendConfig'; settings: BackendSettings }
  | { kind: 'FrontendConfig'; settings: FrontendSettings }
  | { kind: 'MultiClusterService'; settings: MultiClusterServiceModel }

/** One of these objects, of a good message. */
export interface PublishedObject {
  namespace: string
  name: string
  content: ObjectContent
  source: { uid: string | null; generation: number | null }
}

/** `KIND/NAMESPACE/NAME`: the identity of such an object everywhere. */
export function objectId(
  kind: ObjectContent['kind'],
  { namespace, name }: { namespace: string; name: string },
): string {
  return `${kind}/${namespace}/${name}`
}

/** Reads an object of a kind. Every problem goes to the report. */
export function readObject(
  kind: ObjectContent['kind'],
  value: unknown,
  where: string,
  report: Report,
): PublishedObject {
  const top = readFields(
    { apiVersion: text, kind: text, metadata: z.unknown(), spec: z.unknown(), status: z.unknown() },
    value,
    where,
    report,
  )
  const { namespace, name, annotations, uid, generation } = readMetadata(
    top?.metadata,
    `${where}metadata.`,
    report,
    `The name of the ${kind}`,
  )
  return {
    namespace,
    name,
    content: contentOf(kind, top?.spec, annotations, where, report),
    source: { uid, generation },
  }
}

function contentOf(
  kind: ObjectContent['kind'],
  spec: unknown,
  annotations: Readonly<Record<string, string>>,
  where: string,
  report: Report,
): ObjectContent {
  switch (kind) {
    case 'BackendConfig':
      return { kind, settings: readBackendConfig(spec, `${where}spec.`, report, 'message') }
    case 'FrontendConfig':
      return { kind, settings: readFrontendConfig(spec, `${where}spec.`, report, 'message') }
    case 'MultiClusterService':
      return { kind, settings: readMultiClusterService(spec, annotations, where, report) }
    default:
      return kind satisfies never
  }
}
