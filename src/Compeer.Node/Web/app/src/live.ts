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
const PAGE = 2000
const MAX_PAGES = 100

let source: EventSource | null = null
let reading = 0

/** What was told while the list is being read; it may be newer than the page that was read, or not on any. */
let told = new Set<string>()

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
  // The first of every connection: the list has to be read.
  source.addEventListener('reset', () => void readAll())
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

function apply(event: { changed?: Summary[]; removed?: string[] }): void {
  for (const summary of event.changed ?? []) {
    torrents.set(summary.id, summary)
    told.add(summary.id)
  }
  for (const id of event.removed ?? []) torrents.delete(id)
  version.value++
}

/** Shows what an answer has just told, without waiting for the event of it. */
export function learn(summary: Summary): void {
  apply({ changed: [summary] })
}

/** Reads the whole list by pages, and drops what is on none of them. */
async function readAll(): Promise<void> {
  const mine = ++reading
  const seen = new Set<string>()
  told = seen
  try {
    for (let page = 0; page < MAX_PAGES; page++) {
      const part = await call<{ total: number; items: Summary[] }>('GET', `torrents?sort=addedAt&order=asc&offset=${page * PAGE}&limit=${PAGE}`)
      if (mine !== reading) return
      apply({ changed: part.items.filter(summary => !seen.has(summary.id)) })
      if (part.items.length === 0 || (page + 1) * PAGE >= part.total) break
    }
    apply({ removed: [...torrents.keys()].filter(id => !seen.has(id)) })
    loaded.value = true
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    // Without the list there is nothing to show: the connection begins again.
    if (mine === reading && error.status !== 401) setTimeout(() => void retry(), RETRY)
  }
}
