import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const modules = ['compute', 'kubernetes', 'gke', 'pubsub', 'credentials']

/** Names of the packages that a fresh process has loaded after running `script`. */
async function packagesLoadedBy(script: string): Promise<string[]> {
  const program = `
    import { registerHooks } from 'node:module'
    const loaded = new Set()
    registerHooks({ load(url, context, next) {
      const name = /\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)\\//.exec(url)?.[1]
      if (name) loaded.add(name)
      return next(url, context)
    } })
    ${script}
    console.log(JSON.stringify([...loaded]))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    cwd: new URL('../../', import.meta.url),
  })
  return JSON.parse(stdout) as string[]
}

describe('a function that starts', () => {
  it('loads no vendor module by importing the adapters and making them', async () => {
    const loaded = await packagesLoadedBy(`
      ${modules.map((name) => `const ${name} = await import('./shared/cloud/${name}.ts')`).join('\n')}
      compute.createCompute()
      kubernetes.createClusters({ gke: gke.createGkeReader({}) }).connect({ name: 'c', server: 'https://127.0.0.1', project: 'p' })
      pubsub.createBus({ projectId: 'p' })
      credentials.createCredentials()`)
    expect(loaded).toEqual(['zod'])
  })

  it('sees vendor modules when they are loaded (the check above can fail)', async () => {
    expect(await packagesLoadedBy(`await import('google-auth-library')`)).toContain('google-auth-library')
  })
})
