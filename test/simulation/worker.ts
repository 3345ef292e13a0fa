import { run, type Job, type Result } from './jobs.ts'

/** A process that runs jobs, one after the other, as its parent sends them. */
process.on('message', (job: Job) => {
  const begun = process.cpuUsage()
  void run(job, false).then(({ trace: _, ...outcome }) => {
    const { user, system } = process.cpuUsage(begun)
    const result: Result = { ...outcome, job, cpu: (user + system) / 1000 }
    process.send?.(result)
  })
})
process.on('disconnect', () => process.exit(0))
