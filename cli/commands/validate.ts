import { preview } from '../../shared/engine/preview.ts'
import { exitCodes, Failure, type ExitCode } from '../exit-codes.ts'
import { objectId } from '../../shared/ingress/published-object.ts'
import { contextsOf } from '../kubeconfig.ts'
import { previewPorts, recordReader, recordsOfContexts } from '../look-ahead.ts'
import { listed, loadManifest } from '../manifest-file.ts'
import { idOf } from '../report.ts'
import type { CommonFlags, Session } from '../session.ts'

/** What `validate` takes. */
export interface ValidateFlags extends CommonFlags {
  ingress: string
  namespace?: string
  clusters?: string[]
  kubeconfig?: string
  kubecontexts?: string[]
}

/** Checks a manifest, and that the clusters have what it names. Google Cloud is not asked, nothing is written. */
export async function validate(session: Session, flags: ValidateFlags): Promise<ExitCode> {
  const { namespace, kubeconfig, kubecontexts } = flags
  const manifest = await loadManifest(flags.ingress, { namespace }, session.readStdin)
  const contexts = kubeconfig === undefined ? undefined : await contextsOf(kubeconfig, kubecontexts)
  const reader = contexts === undefined ? recordReader(session) : recordsOfContexts(session, contexts)
  const ports = await previewPorts(session, false)
  const made = await Promise.all(
    manifest.ingresses.map(({ model, source }) =>
      // The contexts are the clusters, whatever the manifest calls them.
      preview(
        ports,
        reader,
        { model, ...source },
        contexts?.map(({ name }) => name) ?? flags.clusters ?? model.settings.clusters,
        manifest.objects,
      ),
    ),
  )
  const { terminal } = session
  const warnings = [...manifest.ingresses, ...manifest.objects, ...made].flatMap((one) => one.warnings)
  for (const { where, message } of warnings) terminal.warn(`${where}: ${message}`)
  const problems = made.flatMap((one) => one.problems)
  if (problems.length > 0) throw new Failure(`it cannot be served:\n${listed(problems)}`, 'Nothing was published.')
  const ids = manifest.ingresses.map(({ model }) => idOf(model))
  const valid = [...ids, ...manifest.objects.map((one) => objectId(one.content.kind, one))]
  terminal.result({ valid, warnings }, () => valid.map((id) => `${id} is valid`).join('\n'))
  return exitCodes.ok
}
