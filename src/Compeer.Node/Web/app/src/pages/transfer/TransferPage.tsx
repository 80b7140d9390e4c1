import { useState } from 'preact/hooks'
import { act, tell } from '../../actions'
import { call } from '../../api'
import { bytes, count, dateTime, duration, percent, rate } from '../../format'
import { learn, loaded, torrents, version } from '../../live'
import { Icon } from '../../parts/Icon'
import { LabelDialog } from '../../parts/LabelDialog'
import { RemoveDialog } from '../../parts/RemoveDialog'
import { Bar, Copy, Empty, Loading, Words } from '../../parts/Small'
import { usePolled } from '../../parts/polled'
import { go, href } from '../../route'
import type { Detail, Summary } from '../../types'
import { stateWords, toneOf } from '../transfers/words'
import { Files } from './Files'
import { Peers } from './Peers'
import { PieceMap } from './PieceMap'
import { RateChart } from './RateChart'
import { Trackers } from './Trackers'

const TABS = { files: 'Files', pieces: 'Pieces', peers: 'Peers', trackers: 'Where from', about: 'About' } as const

/** One transfer: how it goes, and all that is known of it. */
export function TransferPage({ id, tab }: { id: string; tab: string }) {
  version.value
  const torrent = torrents.get(id)
  if (!torrent)
    return loaded.value ? (
      <Empty title="It is not in the list">
        <a href={href()}>To the transfers</a>
      </Empty>
    ) : (
      <Loading />
    )
  const here = (tab in TABS ? tab : 'files') as keyof typeof TABS
  return (
    <div class="stack">
      <Head torrent={torrent} />
      <RateChart id={id} />
      <nav class="tabs" aria-label="About this transfer">
        {Object.entries(TABS).map(([key, name]) => (
          <a key={key} href={href('t', id, key)} aria-current={key === here ? 'page' : undefined}>
            {name}
          </a>
        ))}
      </nav>
      {here === 'files' && <Files torrent={torrent} />}
      {here === 'pieces' && <PieceMap id={id} />}
      {here === 'peers' && <Peers id={id} />}
      {here === 'trackers' && <Trackers id={id} />}
      {here === 'about' && <About torrent={torrent} />}
    </div>
  )
}

function Head({ torrent }: { torrent: Summary }) {
  const [asking, setAsking] = useState<'remove' | 'label' | null>(null)
  const isStill = torrent.state === 'paused' || torrent.state === 'stopped' || torrent.state === 'failed' || torrent.state === 'diskFull'
  return (
    <header class="transfer-head">
      <a href={href()} class="back">
        <Icon name="back" /> Transfers
      </a>
      <h1 class="title">
        <Words>{torrent.name}</Words>
      </h1>
      <p class={torrent.problem ? 'bad' : 'quiet'}>
        <Words max={600}>{stateWords(torrent)}</Words>
      </p>
      <Bar value={torrent.progress} tone={toneOf(torrent)} />
      <dl class="figures number">
        <div>
          <dt>Done</dt>
          <dd>
            {percent(torrent.progress)} <span class="quiet">of {bytes(torrent.wanted || torrent.size)}</span>
          </dd>
        </div>
        <div>
          <dt>Down</dt>
          <dd>{rate(torrent.downRate)}</dd>
        </div>
        <div>
          <dt>Up</dt>
          <dd>{rate(torrent.upRate)}</dd>
        </div>
        <div>
          <dt>Time left</dt>
          <dd>{torrent.eta !== null && torrent.eta !== undefined ? duration(torrent.eta) : '–'}</dd>
        </div>
        <div>
          <dt>Peers</dt>
          <dd>
            {torrent.peers} <span class="quiet">{count(torrent.seeds, 'seed')}</span>
          </dd>
        </div>
        <div>
          <dt>Gave</dt>
          <dd>
            {bytes(torrent.uploaded)} <span class="quiet">ratio {torrent.ratio.toFixed(2)}</span>
          </dd>
        </div>
      </dl>
      <div class="row">
        {torrent.state === 'preview' && (
          <a class="button primary" href={href('add', torrent.id)}>
            Choose files and start
          </a>
        )}
        <button type="button" onClick={() => void act(isStill ? 'resume' : 'pause', [torrent.id])}>
          <Icon name={isStill ? 'resume' : 'pause'} /> {isStill ? 'Resume' : 'Pause'}
        </button>
        <button type="button" onClick={() => setAsking('label')}>
          <Icon name="label" /> Labels
        </button>
        <button type="button" onClick={() => void act('recheck', [torrent.id])}>
          <Icon name="check" /> Check files
        </button>
        <button type="button" onClick={() => void act('reannounce', [torrent.id])}>
          <Icon name="again" /> Ask for peers
        </button>
        <button type="button" class="danger" onClick={() => setAsking('remove')}>
          <Icon name="remove" /> Remove
        </button>
        {torrent.labels.map(label => (
          <span class="label" key={label}>
            <Words max={40}>{label}</Words>
          </span>
        ))}
      </div>
      {asking === 'remove' && <RemoveDialog ids={[torrent.id]} onDone={() => go()} onClose={() => setAsking(null)} />}
      {asking === 'label' && <LabelDialog ids={[torrent.id]} labels={torrent.labels} onClose={() => setAsking(null)} />}
    </header>
  )
}

function About({ torrent }: { torrent: Summary }) {
  const { data } = usePolled<Detail>(`torrents/${torrent.id}`)
  const change = (changes: object) =>
    tell(async () => {
      learn(await call<Summary>('PATCH', `torrents/${torrent.id}`, changes))
    })
  if (!data) return <Loading />
  return (
    <section class="card stack">
      <label class="tickbox">
        <input type="checkbox" checked={torrent.sequential} onChange={event => void change({ sequential: event.currentTarget.checked })} /> Fetch in order, from the beginning
      </label>
      <dl class="facts">
        <dt>Name</dt>
        <dd class="long">
          <Words max={12000}>{torrent.name}</Words>
        </dd>
        <dt>Folder</dt>
        <dd>
          <code>
            <Words max={2000}>{torrent.directory}</Words>
          </code>
        </dd>
        <dt>Size</dt>
        <dd class="number">
          {bytes(torrent.size)} in {count(data.pieceCount, 'piece')} of {bytes(data.pieceLength)}
        </dd>
        <dt>Added</dt>
        <dd>{dateTime(torrent.addedAt)}</dd>
        {torrent.completedAt && (
          <>
            <dt>Complete since</dt>
            <dd>{dateTime(torrent.completedAt)}</dd>
          </>
        )}
        {data.infoHashV1 && (
          <>
            <dt>Info-hash (v1)</dt>
            <dd>
              <code>{data.infoHashV1}</code>
            </dd>
          </>
        )}
        {data.infoHashV2 && (
          <>
            <dt>Info-hash (v2)</dt>
            <dd>
              <code>{data.infoHashV2}</code>
            </dd>
          </>
        )}
        {data.comment && (
          <>
            <dt>Comment</dt>
            <dd class="long">
              <Words max={4000}>{data.comment}</Words>
            </dd>
          </>
        )}
        {data.createdBy && (
          <>
            <dt>Made with</dt>
            <dd>
              <Words>{data.createdBy}</Words>
            </dd>
          </>
        )}
        <dt>Private</dt>
        <dd>{data.private ? 'Yes: peers come from its trackers only' : 'No'}</dd>
        <dt>Link</dt>
        <dd class="stack">
          <code class="long">{data.magnet}</code>
          <span>
            <Copy text={data.magnet} label="Copy the link" />
          </span>
        </dd>
      </dl>
    </section>
  )
}
