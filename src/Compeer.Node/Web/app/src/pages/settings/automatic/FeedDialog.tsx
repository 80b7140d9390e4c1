import { useState } from 'preact/hooks'
import { call } from '../../../api'
import { useAttempt } from '../../../parts/attempt'
import { Dialog } from '../../../parts/Dialog'
import { FolderField } from '../../../parts/FolderField'
import { labelsOf } from '../../../parts/LabelDialog'
import type { Feed } from '../../../types'

/** A rule as it is being written. */
interface Draft {
  match: string
  exclude: string
  directory: string
  labels: string
}

const EMPTY: Draft = { match: '', exclude: '', directory: '', labels: '' }
const MOST_RULES = 50

/** A new feed, or another address, pace and other rules for one. */
export function FeedDialog({ feed, onDone, onClose }: { feed: Feed | null; onDone: () => void; onClose: () => void }) {
  const [url, setUrl] = useState(feed?.url ?? '')
  const [minutes, setMinutes] = useState(String(feed?.everyMinutes ?? 30))
  const [rules, setRules] = useState<Draft[]>(
    feed ? feed.rules.map(rule => ({ match: rule.match, exclude: rule.exclude ?? '', directory: rule.directory ?? '', labels: rule.labels.join(', ') })) : [EMPTY],
  )
  const { failed, busy, attempt } = useAttempt()
  const keep = (event: Event) => {
    event.preventDefault()
    const body = {
      url: url.trim(),
      everyMinutes: Number(minutes),
      rules: rules.map(rule => ({
        match: rule.match.trim(),
        ...(rule.exclude.trim() ? { exclude: rule.exclude.trim() } : {}),
        ...(rule.directory.trim() ? { directory: rule.directory.trim() } : {}),
        labels: labelsOf(rule.labels),
      })),
    }
    void attempt(async () => {
      if (feed) await call('PATCH', 'feeds/' + encodeURIComponent(feed.id), body)
      else await call('POST', 'feeds', body)
      onDone()
      onClose()
    })
  }
  return (
    <Dialog title={feed ? 'Change the feed' : 'Add a feed'} onClose={onClose}>
      <form onSubmit={keep}>
        <div class="pair uneven">
          <label class="field">
            <span>Address of the feed</span>
            <input type="url" value={url} required autofocus={!feed} onInput={event => setUrl(event.currentTarget.value)} placeholder="https://" autocomplete="off" />
          </label>
          <label class="field">
            <span>Every (min)</span>
            <input type="number" min="5" max="10080" value={minutes} required onInput={event => setMinutes(event.currentTarget.value)} />
          </label>
        </div>
        {rules.map((rule, index) => (
          <Rule
            key={index}
            number={index + 1}
            rule={rule}
            onChange={changed => setRules(rules.map((other, place) => (place === index ? changed : other)))}
            onRemove={() => setRules(rules.filter((_, place) => place !== index))}
          />
        ))}
        <p class="quiet small">Words are looked for anywhere in the title; * and ? stand for any letters and any letter; /between slashes/ is a regular expression. Empty is everything.</p>
        {failed && (
          <p role="alert" class="bad">
            {failed}
          </p>
        )}
        <div class="actions">
          <button type="submit" class="primary" disabled={busy || url.trim() === ''}>
            {feed ? 'Keep' : 'Add'}
          </button>
          <button type="button" disabled={rules.length >= MOST_RULES} onClick={() => setRules([...rules, EMPTY])}>
            Another rule
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  )
}

function Rule({ number, rule, onChange, onRemove }: { number: number; rule: Draft; onChange: (rule: Draft) => void; onRemove: () => void }) {
  return (
    <fieldset class="rule">
      <legend>
        Rule {number}
        <button type="button" class="link" aria-label={`Remove rule ${number}`} onClick={onRemove}>
          Remove
        </button>
      </legend>
      <div class="pair">
        <label class="field">
          <span>Titles to add</span>
          <input value={rule.match} placeholder="everything" onInput={event => onChange({ ...rule, match: event.currentTarget.value })} autocomplete="off" spellcheck={false} />
        </label>
        <label class="field">
          <span>But not with</span>
          <input value={rule.exclude} placeholder="nothing" onInput={event => onChange({ ...rule, exclude: event.currentTarget.value })} autocomplete="off" spellcheck={false} />
        </label>
      </div>
      <FolderField name="Where the files go" value={rule.directory} placeholder="the download folder" onChange={directory => onChange({ ...rule, directory })} />
      <label class="field">
        <span>Labels, separated by commas</span>
        <input value={rule.labels} onInput={event => onChange({ ...rule, labels: event.currentTarget.value })} autocomplete="off" />
      </label>
    </fieldset>
  )
}
