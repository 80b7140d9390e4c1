import { signal } from '@preact/signals'
import { call, Problem, signedIn } from './api'
import type { Node, Summary } from './types'

/** What the node tells by itself: all torrents, and the node's own state. */
export const node = signal<Node | null>(null)

/** Grows whenever `torrents` has changed; read it to be told. */
export const version = signal(0)

export const torrents = new Map<string, Summary>()

/** Whether the stream of events is open: opening (first time), open, or lost since an instant. */
export const link = signal<'opening' | 'open' | { lostAt: number }>('opening')

/** Whether the list has come for the first time. */
export const loaded = signal(false)

const RETRY = 3000

let source: EventSource | null = null

export function start(): void {
  source?.close()
  source = new EventSource('/api/v1/events')
  source.onopen = () => {
    link.value = 'open'
  }
  source.addEventListener('torrents', event => apply(JSON.parse(event.data) as { changed?: Summary[]; removed?: string[] }))
  source.addEventListener('node', event => {
    node.value = JSON.parse(event.data) as Node
  })
  // The first of every connection: all that there is.
  source.addEventListener('reset', event => {
    torrents.clear()
    apply(JSON.parse(event.data) as { torrents: Summary[] })
    loaded.value = true
  })
  source.onerror = () => {
    if (link.value === 'open' || link.value === 'opening') link.value = { lostAt: Date.now() }
    // A browser tries again by itself after a broken connection, but not after an answer that was no stream.
    if (source?.readyState === EventSource.CLOSED) setTimeout(() => void retry(), RETRY)
  }
}

export function stop(): void {
  source?.close()
  source = null
}

async function retry(): Promise<void> {
  if (!source) return
  try {
    await call('GET', 'session')
  } catch (error) {
    if (!(error instanceof Problem) || error.status === 401) return
  }
  if (signedIn.value) start()
}

function apply(event: { torrents?: Summary[]; changed?: Summary[]; removed?: string[] }): void {
  for (const summary of [...(event.torrents ?? []), ...(event.changed ?? [])]) torrents.set(summary.id, summary)
  for (const id of event.removed ?? []) torrents.delete(id)
  version.value++
}

/** Shows what an answer has just told, without waiting for the event of it. */
export function learn(summary: Summary): void {
  apply({ changed: [summary] })
}
