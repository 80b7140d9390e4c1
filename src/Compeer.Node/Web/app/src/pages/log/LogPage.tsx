import { useEffect, useRef, useState } from 'preact/hooks'
import { clock, dateTime } from '../../format'
import { Icon } from '../../parts/Icon'
import { Empty, Failed, Loading, PageHead, Words } from '../../parts/Small'
import { usePolled } from '../../parts/polled'
import { href } from '../../route'
import type { LogLine } from '../../types'

const LEVELS = ['debug', 'info', 'warning', 'error'] as const
const NAMES: Record<(typeof LEVELS)[number], string> = { debug: 'Everything', info: 'What happens', warning: 'Warnings and errors', error: 'Errors only' }
const MOST = 1000

/** What the node says of itself, as it says it. */
export function LogPage() {
  const [level, setLevel] = useState<(typeof LEVELS)[number]>('debug')
  const [search, setSearch] = useState('')
  const { lines, problem, again } = useLog()
  const words = search.toLowerCase().trim()
  const shown = (lines ?? []).filter(line => LEVELS.indexOf(line.level) >= LEVELS.indexOf(level) && (words === '' || `${line.area} ${line.message}`.toLowerCase().includes(words)))
  return (
    <div class="log-page">
      <a href={href('settings')} class="back">
        <Icon name="back" /> Settings
      </a>
      <PageHead title="Log">
        <div class="row filters">
          <select aria-label="Which messages" value={level} onChange={event => setLevel(event.currentTarget.value as typeof level)}>
            {LEVELS.map(each => (
              <option key={each} value={each}>
                {NAMES[each]}
              </option>
            ))}
          </select>
          <label class="search">
            <span class="unseen">Search the log</span>
            <Icon name="search" />
            <input type="search" value={search} onInput={event => setSearch(event.currentTarget.value)} placeholder="Search" autocomplete="off" spellcheck={false} />
          </label>
        </div>
      </PageHead>
      {problem && !lines ? (
        <Failed problem={problem} again={again} />
      ) : !lines ? (
        <Loading what="Reading the log" />
      ) : shown.length === 0 ? (
        <Empty title={lines.length === 0 ? 'The node has said nothing yet' : 'Nothing matches'} />
      ) : (
        <Lines lines={shown} />
      )}
    </div>
  )
}

/** The list stays at its end while one looks at the end, and holds still while one reads further up. */
function Lines({ lines }: { lines: LogLine[] }) {
  const list = useRef<HTMLOListElement>(null)
  const isAtEnd = useRef(true)
  useEffect(() => {
    if (list.current && isAtEnd.current) list.current.scrollTop = list.current.scrollHeight
  })
  return (
    <ol
      ref={list}
      class="log"
      tabIndex={0}
      aria-label="Messages, newest last"
      onScroll={event => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < 30
      }}
    >
      {lines.map((line, index) => (
        <li key={line.time + index} class={line.level}>
          <time dateTime={line.time} title={dateTime(line.time)}>
            {clock(line.time)}
          </time>
          <span class="quiet">{line.area}</span>
          <span>
            {(line.level === 'warning' || line.level === 'error') && <strong>{line.level === 'error' ? 'Error' : 'Warning'}: </strong>}
            <Words max={2000}>{line.message}</Words>
          </span>
        </li>
      ))}
    </ol>
  )
}

/** The last messages, and from then on those that come; the oldest go when there are too many. */
function useLog() {
  const { data, problem, again } = usePolled<{ items: LogLine[] }>(`log?tail=${MOST}&level=debug`)
  const [news, setNews] = useState<LogLine[]>([])
  useEffect(() => {
    const source = new EventSource('/api/v1/events?log=1')
    source.addEventListener('log', event => {
      const { items } = JSON.parse(event.data) as { items: LogLine[] }
      setNews(old => [...old, ...items].slice(-MOST))
    })
    // Every connection begins with a reset: what was said in between is read again.
    source.addEventListener('reset', () => {
      setNews([])
      again()
    })
    return () => source.close()
  }, [])
  const last = data?.items[data.items.length - 1]?.time ?? ''
  const lines = data && [...data.items, ...news.filter(line => line.time > last)].slice(-MOST)
  return { lines, problem, again }
}
