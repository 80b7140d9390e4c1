import { useState } from 'preact/hooks'
import { tell } from '../../actions'
import { call } from '../../api'
import { rate } from '../../format'
import { Failed, Loading } from '../../parts/Small'
import { usePolled } from '../../parts/polled'
import { RateField } from '../../parts/RateField'
import { say } from '../../parts/Toasts'
import { harmless } from '../../text'
import type { Limits } from '../../types'
import { parseBytes } from '../../parts/sizes'

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

interface Span {
  days: string[]
  from: string
  to: string
  up: number | null
  down: number | null
}

/** Limits for all transfers together beside the usual ones: others to change to by hand, and times at which some count by themselves. */
export function Rates() {
  const { data, problem, again } = usePolled<Limits>('limits')
  if (problem && !data) return <Failed problem={problem} again={again} />
  if (!data) return <Loading />
  const change = (changes: object) =>
    tell(async () => {
      await call('PATCH', 'limits', changes)
      say('The limits are kept.')
      again()
    })
  const schedule = data.schedule as Span[]
  const words = (value: number | null) => (value ? rate(value) : 'no limit')
  return (
    <div class="stack">
      <p class="quiet number">
        Now: down {words(data.active.down)}, up {words(data.active.up)}. {harmless(data.active.why)}
      </p>
      <label class="tickbox">
        <input type="checkbox" role="switch" class="switch" checked={data.alternate.enabled} onChange={event => void change({ alternate: { ...data.alternate, enabled: event.currentTarget.checked } })} /> Use the other limits for now
      </label>
      <div class="pair">
        <RateField name="Other limit, down" value={data.alternate.down} onKeep={down => void change({ alternate: { ...data.alternate, down } })} />
        <RateField name="Other limit, up" value={data.alternate.up} onKeep={up => void change({ alternate: { ...data.alternate, up } })} />
      </div>
      <h3>Schedule</h3>
      {schedule.length === 0 && <p class="quiet">No times are set: the same limits count all day.</p>}
      <ul class="entries">
        {schedule.map((span, index) => (
          <li key={index}>
            <span class="number">
              {span.days.length === 7 ? 'every day' : span.days.join(', ')}, {span.from} to {span.to}: down {words(span.down)}, up {words(span.up)}
            </span>
            <button type="button" onClick={() => void change({ schedule: schedule.filter((_, other) => other !== index) })}>
              Remove
            </button>
          </li>
        ))}
      </ul>
      <NewSpan onAdd={span => void change({ schedule: [...schedule, span] })} />
    </div>
  )
}

function NewSpan({ onAdd }: { onAdd: (span: Span) => void }) {
  const [days, setDays] = useState<string[]>(DAYS)
  const [from, setFrom] = useState('22:00')
  const [to, setTo] = useState('06:00')
  const [down, setDown] = useState('')
  const [up, setUp] = useState('')
  const read = { down: parseBytes(down), up: parseBytes(up) }
  const isWrong = read.down === undefined || read.up === undefined || days.length === 0
  return (
    <details>
      <summary>Add a time</summary>
      <form
        class="stack new"
        onSubmit={event => {
          event.preventDefault()
          if (read.down !== undefined && read.up !== undefined) onAdd({ days, from, to, down: read.down, up: read.up })
        }}
      >
        <div class="row" role="group" aria-label="Days">
          {DAYS.map(day => (
            <label class="tickbox" key={day}>
              <input type="checkbox" checked={days.includes(day)} onChange={() => setDays(days.includes(day) ? days.filter(other => other !== day) : DAYS.filter(other => other === day || days.includes(other)))} /> {day}
            </label>
          ))}
        </div>
        <div class="pair four">
          <label class="field">
            <span>From</span>
            <input type="time" value={from} required onInput={event => setFrom(event.currentTarget.value)} />
          </label>
          <label class="field">
            <span>To</span>
            <input type="time" value={to} required onInput={event => setTo(event.currentTarget.value)} />
          </label>
          <label class="field">
            <span>Down at most</span>
            <input value={down} placeholder="no limit" onInput={event => setDown(event.currentTarget.value)} />
          </label>
          <label class="field">
            <span>Up at most</span>
            <input value={up} placeholder="no limit" onInput={event => setUp(event.currentTarget.value)} />
          </label>
        </div>
        <span>
          <button type="submit" disabled={isWrong}>
            Add
          </button>
        </span>
      </form>
    </details>
  )
}
