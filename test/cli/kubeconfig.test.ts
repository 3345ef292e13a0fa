import { stringify } from 'yaml'
import { afterAll, describe, expect, it } from 'vitest'
import { join } from 'node:path'
import { contextsOf, registrationOf } from '../../cli/kubeconfig.ts'
import { checkedRegistration } from '../../cli/register-contexts.ts'
import type { Session } from '../../cli/session.ts'
import { makeFolder } from './command.ts'

const folder = makeFolder()
afterAll(() => folder.remove())

const secret = 'SECRET'

/** A kubeconfig with one context whose user has these members. */
function kubeconfig(user: object | undefined, cluster = 'prod'): string {
  folder.write(
    'config',
    stringify({
      clusters: [{ name: cluster, cluster: { server: 'https://203.0.113.7', 'certificate-authority-data': 'Q0E=' } }],
      contexts: [{ name: 'prod', context: { cluster, user: 'me' } }],
      ...(user === undefined ? {} : { users: [{ name: 'me', user }] }),
    }),
  )
  return join(folder.path, 'config')
}

/** What a person is told when the context is registered, and what goes out. */
async function registered(file: string): Promise<{ warned: string[]; registration: object }> {
  const warned: string[] = []
  const session = {
    terminal: { warn: (text: string) => warned.push(text) },
    target: { project: 'playground' },
  } as unknown as Session
  const [context] = await contextsOf(file, undefined)
  if (context === undefined) throw new Error('no context')
  return { warned, registration: checkedRegistration(session, context, context.name) }
}

const exec = {
  apiVersion: 'client.authentication.k8s.io/v1',
  command: '/bin/false',
  env: [{ name: 'T', value: secret }],
}

describe('the credentials of a kubeconfig stay in it', () => {
  it.each([
    [
      'a client certificate',
      { 'client-certificate-data': 'Q0VSVA==', 'client-key-data': secret },
      'a client certificate',
    ],
    [
      'a client certificate in files',
      { 'client-certificate': '/x.crt', 'client-key': '/x.key' },
      'a client certificate',
    ],
    ['a token', { token: secret }, 'a token'],
    ['a password', { username: 'admin', password: secret }, 'a password'],
    ['a program, which is not run', { exec }, 'a program'],
    [
      'an auth provider, which is not asked',
      { 'auth-provider': { name: 'oidc', config: { s: secret } } },
      'an auth provider',
    ],
  ])('%s: said, with what to do instead, and not registered', async (_reason, user, words) => {
    const { warned, registration } = await registered(kubeconfig(user))
    expect(warned).toHaveLength(1)
    expect(warned[0]).toContain(`its user logs in by ${words}, which stays in the file`)
    expect(warned[0]).toContain('mci clusters add --gke PROJECT/LOCATION/NAME --name prod')
    expect(registration).toEqual({ name: 'prod', server: 'https://203.0.113.7', caData: 'Q0E=', project: 'playground' })
    expect(JSON.stringify([warned, registration])).not.toContain(secret)
  })

  it.each([
    ['nobody', undefined],
    ['somebody without credentials', {}],
  ])('%s logs in: nothing is said of it', async (_reason, user) => {
    const { warned } = await registered(kubeconfig(user))
    expect(warned.join()).not.toContain('logs in by')
  })

  it('a GKE cluster by its name needs no word: the functions have an identity of their own there', async () => {
    const { warned, registration } = await registered(kubeconfig({ exec }, 'gke_shop_us-central1_prod'))
    expect(warned).toEqual([])
    expect(registration).toMatchObject({ gke: 'projects/shop/locations/us-central1/clusters/prod', project: 'shop' })
    expect(registrationOf({ name: 'prod', server: 'https://x', login: 'a token' }, 'prod', 'p')).not.toHaveProperty(
      'login',
    )
  })
})
