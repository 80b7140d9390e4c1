import { signal } from '@preact/signals'
import { call, Problem } from './api'
import { count } from './format'
import { torrents, version } from './live'
import { harmless } from './text'
import { say } from './parts/Toasts'

/** Removals that wait for their undo: id -> whether the files go too. */
export const leaving = signal<ReadonlyMap<string, boolean>>(new Map())

/** How long a removal can be undone. */
export const UNDO = 8000

type Action = 'pause' | 'resume' | 'recheck' | 'reannounce' | 'label'

interface Answer {
  done: string[]
  failed: { id: string; detail: string }[]
}

/** Does something with many torrents, and says what failed. */
export async function act(action: Action, ids: string[], more: { labels?: string[] } = {}): Promise<void> {
  await tell(async () => {
    const answer = await call<Answer>('POST', 'torrents/actions', { action, ids, ...more })
    report(answer)
    if (answer.done.length > 0 && (action === 'recheck' || action === 'reannounce'))
      say(action === 'recheck' ? `Checking ${count(answer.done.length, 'transfer')} again.` : `Asking the trackers and the DHT of ${count(answer.done.length, 'transfer')} again.`)
  })
}

/** Takes torrents out of the list now, and out of the node when the undo has run out, or the page closes. */
export function removeLater(ids: string[], withData: boolean): void {
  leaving.value = new Map([...leaving.value, ...ids.map(id => [id, withData] as const)])
  const first = torrents.get(ids[0] ?? '')
  const what = ids.length === 1 && first ? harmless(first.name, 60) : count(ids.length, 'transfer')
  const timer = setTimeout(() => void carryOut(ids, withData), UNDO)
  say(`${withData ? 'Deleting' : 'Removing'} ${what}${withData ? ' and its files' : ''}.`, {
    label: 'Undo',
    run: () => {
      clearTimeout(timer)
      forget(ids)
    },
  }, UNDO)
}

async function carryOut(ids: string[], removeData: boolean, keepalive = false): Promise<void> {
  const still = ids.filter(id => leaving.value.has(id))
  if (still.length === 0) return
  await tell(async () => {
    const answer = await call<Answer>('POST', 'torrents/actions', { action: 'remove', ids: still, removeData }, keepalive)
    for (const id of answer.done) torrents.delete(id)
    version.value++
    report(answer)
  })
  forget(still)
}

function forget(ids: string[]): void {
  const rest = new Map(leaving.value)
  for (const id of ids) rest.delete(id)
  leaving.value = rest
}

addEventListener('pagehide', () => {
  const waiting = [...leaving.value]
  for (const withData of [false, true]) {
    const ids = waiting.filter(([, data]) => data === withData).map(([id]) => id)
    if (ids.length > 0) void carryOut(ids, withData, true)
  }
})

function report(answer: Answer): void {
  const failed = answer.failed[0]
  if (failed) say(`${count(answer.failed.length, 'transfer')} not done: ${harmless(failed.detail)}`)
}

/** Runs what a person asked for; a refusal is shown in the node's words. */
export async function tell<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Problem) say(harmless(error.message, 400))
    else throw error
    return undefined
  }
}
