import { useState } from 'preact/hooks'
import { clock, dateTime } from '../../format'
import { Failed, Loading, Words } from '../../parts/Small'
import { usePolled } from '../../parts/polled'
import type { LogLine } from '../../types'

/** The last messages of the daemon. */
export function LogTail() {
  const [open, setOpen] = useState(false)
  const { data, problem, again } = usePolled<{ items: LogLine[] }>(open ? 'log?tail=200' : null, 4000)
  return (
    <details onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>Show the last messages</summary>
      {!open ? null : problem && !data ? (
        <Failed problem={problem} again={again} />
      ) : !data ? (
        <Loading />
      ) : data.items.length === 0 ? (
        <p class="quiet">There are none.</p>
      ) : (
        <ol class="log" tabIndex={0} aria-label="Messages, newest last">
          {data.items.map((line, index) => (
            <li key={index} class={/warn|error|crit/i.test(line.level) ? 'loud' : ''}>
              <time dateTime={line.time} title={dateTime(line.time)}>
                {clock(line.time)}
              </time>{' '}
              {/warn|error|crit/i.test(line.level) && <strong>{line.level} </strong>}
              <span class="quiet">{line.area}</span> <Words max={1000}>{line.message}</Words>
            </li>
          ))}
        </ol>
      )}
    </details>
  )
}
