import { useState } from 'preact/hooks'
import { tell } from '../../../actions'
import { call } from '../../../api'
import { ago, count } from '../../../format'
import { Failed, Loading, Words } from '../../../parts/Small'
import { usePolled } from '../../../parts/polled'
import { say } from '../../../parts/Toasts'
import { Troubles } from '../../../parts/Troubles'
import { harmless } from '../../../text'
import type { Feed, FeedItem } from '../../../types'
import { FeedDialog } from './FeedDialog'

/** Feeds whose matching entries are added by themselves. */
export function Feeds() {
  const { data, problem, again } = usePolled<{ items: Feed[] }>('feeds', 5000)
  const [editing, setEditing] = useState<Feed | 'new' | null>(null)
  if (problem && !data) return <Failed problem={problem} again={again} />
  if (!data) return <Loading />
  return (
    <div class="stack">
      <p class="quiet">Entries of these feeds (RSS or Atom) whose titles match a rule are added by themselves.</p>
      {data.items.length > 0 && (
        <ul class="entries">
          {data.items.map(feed => (
            <One key={feed.id} feed={feed} onChange={again} onEdit={() => setEditing(feed)} />
          ))}
        </ul>
      )}
      <span>
        <button type="button" onClick={() => setEditing('new')}>
          Add a feed
        </button>
      </span>
      {editing && <FeedDialog feed={editing === 'new' ? null : editing} onDone={again} onClose={() => setEditing(null)} />}
    </div>
  )
}

function One({ feed, onChange, onEdit }: { feed: Feed; onChange: () => void; onEdit: () => void }) {
  const name = harmless(feed.title || feed.url, 120)
  const path = 'feeds/' + encodeURIComponent(feed.id)
  return (
    <li class="feed">
      <div class="grow">
        <strong class="wrap">
          <Words max={120}>{feed.title || feed.url}</Words>
        </strong>
        <span class={feed.error ? 'bad small' : 'quiet small'}>
          {feed.error ? <Words max={300}>{feed.error}</Words> : feed.lastChecked ? `read ${ago(feed.lastChecked)}, ${count(feed.added, 'entry', 'entries')} added` : 'not read yet'}
        </span>
        <ul class="rules">
          {feed.rules.map((rule, index) => (
            <li key={index} class="quiet small">
              {rule.match ? (
                <>
                  adds <Words max={120}>{rule.match}</Words>
                </>
              ) : (
                'adds everything'
              )}
              {rule.exclude && (
                <>
                  , but not <Words max={120}>{rule.exclude}</Words>
                </>
              )}
              {rule.directory && (
                <>
                  , to <Words max={120}>{rule.directory}</Words>
                </>
              )}
              {rule.labels.map(label => (
                <span class="label" key={label}>
                  <Words max={30}>{label}</Words>
                </span>
              ))}
            </li>
          ))}
          {feed.rules.length === 0 && <li class="quiet small">adds nothing: it has no rule</li>}
        </ul>
        <Troubles of="of its entries" items={feed.problems.map(one => ({ what: one.item, detail: one.detail, time: one.time }))} />
        <Entries feed={feed} />
      </div>
      <div class="row">
        <button
          type="button"
          aria-label={`Read ${name} now`}
          onClick={() =>
            void tell(async () => {
              await call('POST', path + '/check', {})
              say('The feed is being read.')
              onChange()
            })
          }
        >
          Read now
        </button>
        <button type="button" aria-label={`Change ${name}`} onClick={onEdit}>
          Change
        </button>
        <button type="button" aria-label={`Remove ${name}`} onClick={() => void tell(() => call('DELETE', path)).then(onChange)}>
          Remove
        </button>
      </div>
    </li>
  )
}

/** What stood in the feed when it was read, and which of it a rule takes. */
function Entries({ feed }: { feed: Feed }) {
  const [open, setOpen] = useState(false)
  const { data, problem } = usePolled<{ items: FeedItem[] }>(open ? `feeds/${encodeURIComponent(feed.id)}/items` : null, 5000)
  return (
    <details class="troubles" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>What stands in it</summary>
      {problem && !data ? (
        <Failed problem={problem} />
      ) : !data ? (
        <Loading />
      ) : data.items.length === 0 ? (
        <p class="quiet small">Nothing is known of it yet; read it now.</p>
      ) : (
        <ul>
          {data.items.slice(0, 100).map((item, index) => (
            <li key={index}>
              <Words max={200}>{item.title}</Words>
              <span class="quiet small">{item.taken ? 'added' : item.rule !== null && item.rule !== undefined ? 'matches a rule' : 'matches no rule'}</span>
            </li>
          ))}
        </ul>
      )}
    </details>
  )
}
