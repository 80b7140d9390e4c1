import { useState } from 'preact/hooks'
import { tell } from '../../actions'
import { call } from '../../api'
import { relative } from '../../format'
import { labelsOf } from '../../parts/LabelDialog'
import { Failed, Loading, Words } from '../../parts/Small'
import { usePolled } from '../../parts/polled'
import type { Feed } from '../../types'

/** RSS feeds whose matching entries are added by themselves. */
export function Feeds() {
  const { data, problem, again } = usePolled<{ items: Feed[] }>('feeds', 15_000)
  const [url, setUrl] = useState('')
  const [minutes, setMinutes] = useState('30')
  const [match, setMatch] = useState('')
  const [labels, setLabels] = useState('')
  if (problem && !data) return <Failed problem={problem} again={again} />
  if (!data) return <Loading />
  const change = (work: () => Promise<unknown>) => tell(work).then(again)
  return (
    <div class="stack">
      <p class="quiet">Entries of these feeds (RSS, Atom) whose titles match a rule are added by themselves.</p>
      <ul class="entries">
        {data.items.map(feed => (
          <li key={feed.id}>
            <span>
              <Words max={300}>{feed.url}</Words>
              <span class={feed.error ? 'bad small' : 'quiet small'}>
                {feed.error ? <Words max={300}>{feed.error}</Words> : `every ${feed.everyMinutes} min${feed.lastChecked ? `, read ${relative(feed.lastChecked)}` : ''}`}
                {feed.rules.map(rule => (
                  <span class="label" key={rule.match}>
                    <Words max={60}>{rule.match}</Words>
                  </span>
                ))}
              </span>
            </span>
            <button type="button" onClick={() => void change(() => call('DELETE', 'feeds/' + encodeURIComponent(feed.id)))}>
              Remove
            </button>
          </li>
        ))}
      </ul>
      <details>
        <summary>Add a feed</summary>
        <form
          class="stack new"
          onSubmit={event => {
            event.preventDefault()
            void change(async () => {
              await call('POST', 'feeds', { url: url.trim(), everyMinutes: Number(minutes), rules: [{ match: match.trim() || '*', labels: labelsOf(labels) }] })
              setUrl('')
              setMatch('')
            })
          }}
        >
          <label class="field">
            <span>Address</span>
            <input type="url" value={url} required onInput={event => setUrl(event.currentTarget.value)} placeholder="https://" />
          </label>
          <div class="pair">
            <label class="field">
              <span>Titles to add</span>
              <input value={match} onInput={event => setMatch(event.currentTarget.value)} placeholder="*  (all)" />
            </label>
            <label class="field">
              <span>Labels</span>
              <input value={labels} onInput={event => setLabels(event.currentTarget.value)} />
            </label>
            <label class="field">
              <span>Read every (minutes)</span>
              <input type="number" min="5" max="10080" value={minutes} required onInput={event => setMinutes(event.currentTarget.value)} />
            </label>
          </div>
          <span>
            <button type="submit" disabled={url.trim() === ''}>
              Add
            </button>
          </span>
        </form>
      </details>
    </div>
  )
}
