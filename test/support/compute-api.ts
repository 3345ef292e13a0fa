import { expect } from 'vitest'
import type { System } from './system.ts'

/** The simulated Compute over the wire, as an operator's own tools use it. */

export type Resource = Record<string, unknown> & { name: string }

function root(system: System, collection: string): string {
  return `${system.environment.compute.url}/compute/v1/projects/playground/global/${collection}`
}

export async function list(system: System, collection: string): Promise<Resource[]> {
  const answer = await fetch(root(system, collection))
  return ((await answer.json()) as { items?: Resource[] }).items ?? []
}

/** Undefined when there is none. */
export async function find(system: System, collection: string, name: string): Promise<Resource | undefined> {
  const answer = await fetch(`${root(system, collection)}/${name}`)
  return answer.ok ? ((await answer.json()) as Resource) : undefined
}

export async function insert(system: System, collection: string, body: Resource): Promise<Resource> {
  await send('POST', root(system, collection), body)
  await expect.poll(() => find(system, collection, body.name)).toBeDefined()
  return (await find(system, collection, body.name)) as Resource
}

/** Changes members of a resource, with its fingerprint. */
export async function patch(system: System, collection: string, name: string, change: object): Promise<void> {
  const fingerprint = (await find(system, collection, name))?.['fingerprint']
  await send('PATCH', `${root(system, collection)}/${name}`, {
    ...change,
    ...(fingerprint === undefined ? {} : { fingerprint }),
  })
  const before = fingerprint
  if (before !== undefined)
    await expect.poll(async () => (await find(system, collection, name))?.['fingerprint']).not.toBe(before)
}

async function send(method: string, url: string, body: object): Promise<void> {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`)
}
