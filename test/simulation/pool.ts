import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Job, Result } from './jobs.ts'

/** Runs jobs in processes of their own, and tells each result as it comes. Rejects when a process dies. */
export async function runAll(jobs: Iterator<Job>, workers: number, onResult: (result: Result) => void): Promise<void> {
  const entry = fileURLToPath(new URL('worker.ts', import.meta.url))
  const children: ChildProcess[] = []
  try {
    await Promise.all(
      Array.from({ length: workers }, async () => {
        const child = fork(entry, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
        children.push(child)
        await work(child, jobs, onResult)
      }),
    )
  } finally {
    for (const child of children) child.disconnect()
  }
}

function work(child: ChildProcess, jobs: Iterator<Job>, onResult: (result: Result) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let current: Job | undefined
    const next = (): void => {
      const following: IteratorResult<Job, unknown> = jobs.next()
      if (following.done === true) {
        child.off('exit', died)
        resolve()
        return
      }
      current = following.value
      child.send(current)
    }
    const died = (): void => reject(new Error(`a process died at ${JSON.stringify(current)}`))
    child.on('exit', died)
    child.on('message', (result: Result) => {
      onResult(result)
      next()
    })
    next()
  })
}
