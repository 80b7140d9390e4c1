import { call, Problem } from '../api'
import type { Job } from '../types'

const STEP = 700
const LONGEST = 24 * 3600 * 1000

/** Follows a job of the node to its end. Throws a Problem when it has failed. */
export async function follow(id: string, onStep: (job: Job) => void): Promise<Job> {
  const until = Date.now() + LONGEST
  while (Date.now() < until) {
    const job = await call<Job>('GET', 'jobs/' + encodeURIComponent(id))
    onStep(job)
    if (job.state === 'done') return job
    if (job.state === 'failed') throw new Problem(500, 'It failed', job.detail ?? '')
    await new Promise(resolve => setTimeout(resolve, STEP))
  }
  throw new Problem(504, 'It takes longer than a day', 'It goes on in the node.')
}
