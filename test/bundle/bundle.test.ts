import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dashboardFiles } from '../../functions/dashboard.ts'
import { buildFunctions } from '../../scripts/bundle/build.ts'
import { zip } from '../../scripts/bundle/zip.ts'
import { installBundle, type InstalledBundle } from '../support/bundle.ts'
import { deploy, simpleIngress } from '../support/manifests.ts'
import { startSystem, type System } from '../support/system.ts'
import { ask, firstAnswer } from '../support/traffic.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('the bundle that is deployed', () => {
  let folder: string
  let bundle: InstalledBundle
  let system: System

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mci-bundle-'))
    bundle = await installBundle(folder)
    system = await startSystem({ clusters: 2, host: bundle.host, env: { MCI_BUNDLE: folder } })
    for (const { server } of system.environment.clusters) await deploy(server, 'web')
  }, 60_000)
  afterAll(async () => {
    await system.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('turns an Ingress into a load balancer that serves, and takes it away again', async () => {
    await system.publish(simpleIngress('web', 'web'))
    const report = await system.until('default/web', 'Ready', (seen) => seen?.phase === 'Ready')
    const url = await system.url(report?.vip)
    await firstAnswer(url)
    expect((await ask(url)).pod?.service).toBe('web')
    await system.publish('', { action: 'delete', namespace: 'default', name: 'web' })
    await system.until('default/web', 'gone', (seen) => seen === undefined)
    expect(await system.holds('forwardingRules')).toEqual([])
  })

  it('brings the dashboard', async () => {
    const missing = []
    for (const path of ['/', ...dashboardFiles.map((file) => `/assets/${file}`)])
      if (!(await fetch(system.dashboard + path)).ok) missing.push(path)
    expect(missing).toEqual([])
  })

  it('is at most 8 MB, unpacked', () => {
    const bytes = bundle.files.reduce((sum, { content }) => sum + content.length, 0)
    expect(bytes).toBeLessThanOrEqual(8_000_000)
    expect(bytes, 'and it is not empty').toBeGreaterThan(1_000_000)
  })

  it('is the same bytes for the same sources, so that nothing is deployed that did not change', async () => {
    expect(zip(await buildFunctions(root)).equals(zip(bundle.files))).toBe(true)
  })
})
