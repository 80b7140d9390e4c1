import { computed, signal } from '@preact/signals'
import { leaving } from '../../actions'
import { torrents, version } from '../../live'
import { remember, remembered } from '../../storage'
import type { Summary } from '../../types'

// What of the list is shown, and in which order.

export type SortKey = 'name' | 'addedAt' | 'progress' | 'size' | 'downRate' | 'upRate' | 'eta' | 'ratio'

export const FILTERS = {
  all: 'All',
  downloading: 'Fetching',
  seeding: 'Complete',
  paused: 'Paused',
  active: 'Moving',
  problem: 'Needs a look',
} as const

export type Filter = keyof typeof FILTERS

export const filter = signal<Filter>('all')
export const label = signal('')
export const search = signal('')
export const sort = signal<{ key: SortKey; descending: boolean }>(storedSort())
export const selected = signal<ReadonlySet<string>>(new Set())

function storedSort(): { key: SortKey; descending: boolean } {
  const [key, order] = (remembered('sort') ?? '').split(' ')
  return key && key in COMPARE ? { key: key as SortKey, descending: order === 'desc' } : { key: 'addedAt', descending: true }
}

export function sortBy(key: SortKey, descending: boolean): void {
  sort.value = { key, descending }
  remember('sort', `${key} ${descending ? 'desc' : 'asc'}`)
}

export function matches(torrent: Summary, which: Filter): boolean {
  switch (which) {
    case 'all':
      return true
    case 'downloading':
      return torrent.state === 'downloading' || torrent.state === 'metadata' || torrent.state === 'preview' || torrent.state === 'checking'
    case 'seeding':
      return torrent.state === 'seeding'
    case 'paused':
      return torrent.state === 'paused' || torrent.state === 'stopped'
    case 'active':
      return torrent.downRate + torrent.upRate > 0
    case 'problem':
      return torrent.state === 'failed' || torrent.state === 'diskFull' || Boolean(torrent.problem)
  }
}

/** Places of all names in the order of people, found anew only when a name has changed: comparing 10,000 of them takes longer than everything else. */
const places = { names: new Map<string, string>(), rank: new Map<string, number>() }
const COLLATOR = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

function rankNames(): void {
  let same = places.names.size === torrents.size
  if (same) for (const torrent of torrents.values()) same &&= places.names.get(torrent.id) === torrent.name
  if (same) return
  places.names = new Map([...torrents.values()].map(torrent => [torrent.id, torrent.name]))
  const sorted = [...torrents.values()].map(torrent => ({ id: torrent.id, name: torrent.name.slice(0, 120) })).sort((a, b) => COLLATOR.compare(a.name, b.name))
  places.rank = new Map(sorted.map((entry, index) => [entry.id, index]))
}

function byName(a: Summary, b: Summary): number {
  return (places.rank.get(a.id) ?? 0) - (places.rank.get(b.id) ?? 0)
}

const COMPARE: Record<SortKey, (a: Summary, b: Summary) => number> = {
  name: byName,
  addedAt: (a, b) => (a.addedAt < b.addedAt ? -1 : a.addedAt > b.addedAt ? 1 : 0),
  progress: (a, b) => a.progress - b.progress,
  size: (a, b) => a.size - b.size,
  downRate: (a, b) => a.downRate - b.downRate,
  upRate: (a, b) => a.upRate - b.upRate,
  eta: (a, b) => (a.eta ?? Infinity) - (b.eta ?? Infinity) || 0,
  ratio: (a, b) => a.ratio - b.ratio,
}

const present = computed(() => {
  version.value
  const hidden = leaving.value
  return [...torrents.values()].filter(torrent => !hidden.has(torrent.id))
})

export const shown = computed(() => {
  const words = search.value.toLowerCase().trim()
  const list = present.value.filter(
    torrent => matches(torrent, filter.value) && (label.value === '' || torrent.labels.includes(label.value)) && (words === '' || torrent.name.toLowerCase().includes(words) || torrent.id.startsWith(words)),
  )
  rankNames()
  const { key, descending } = sort.value
  const sign = descending ? -1 : 1
  return list.sort((a, b) => sign * COMPARE[key](a, b) || byName(a, b))
})

export const counts = computed(() => {
  const all = present.value
  return Object.fromEntries((Object.keys(FILTERS) as Filter[]).map(which => [which, all.reduce((sum, torrent) => sum + (matches(torrent, which) ? 1 : 0), 0)])) as Record<Filter, number>
})

export const labels = computed(() => [...new Set(present.value.flatMap(torrent => torrent.labels))].sort(COLLATOR.compare))

/** The selected torrents that are still in the list, even when a filter hides them no more are acted on than are seen. */
export const chosen = computed(() => shown.value.filter(torrent => selected.value.has(torrent.id)).map(torrent => torrent.id))

export function select(ids: Iterable<string>): void {
  selected.value = new Set(ids)
}

export function toggle(id: string): void {
  const next = new Set(selected.value)
  if (!next.delete(id)) next.add(id)
  selected.value = next
}
