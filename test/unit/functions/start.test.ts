import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const cwd = fileURLToPath(new URL('../../../', import.meta.url))

/** What a function says when it starts, in a process of its own, as the platform shows it. */
function started(program: string, env: Record<string, string>): { code: number | null; lines: string[] } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', ...env },
  })
  return { code: status, lines: (stdout + stderr).split('\n').filter((line) => line !== '') }
}

const configuration = `import { checkConfiguration } from './functions/start.ts'; checkConfiguration()`
const state = (fails: string): string =>
  `import { checkState } from './functions/start.ts'
   await checkState(() => ({ store: { get: () => Promise.reject(new Error(${JSON.stringify(fails)})) } }))`

describe('what is wrong is said at the start, in one line', () => {
  it.each([
    ['no project', {}, /GOOGLE_CLOUD_PROJECT: set GOOGLE_CLOUD_PROJECT to the project of the load balancers/],
    ['an empty one', { GOOGLE_CLOUD_PROJECT: '' }, /GOOGLE_CLOUD_PROJECT: is empty/],
    ['two things at once', { MCI_LOG_LEVEL: 'loud' }, /GOOGLE_CLOUD_PROJECT: .*; MCI_LOG_LEVEL: /],
  ])('%s: the process ends', (_reason, env, message) => {
    const { code, lines } = started(configuration, env)
    expect(code).toBe(1)
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      severity: 'CRITICAL',
      message: expect.stringMatching(message) as string,
    })
  })

  it('a state that cannot be read: it goes on, since that may be put right meanwhile', () => {
    const said = 'The Firestore database x of project shop does not exist. Create it in Native mode'
    const { code, lines } = started(state(said), { GOOGLE_CLOUD_PROJECT: 'shop', K_SERVICE: 'plan' })
    expect(code).toBe(0)
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ severity: 'CRITICAL', message: said })
    expect(lines[0], 'and nobody has to read a stack trace').not.toContain('    at ')
  })

  it('nothing, when nothing is wrong', () => {
    expect(started(configuration, { GOOGLE_CLOUD_PROJECT: 'shop' })).toEqual({ code: 0, lines: [] })
  })
})
