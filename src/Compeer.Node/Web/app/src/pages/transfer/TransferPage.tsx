import { useState } from 'preact/hooks'
import { act } from '../../actions'
import { bytes, count, duration, percent, rate } from '../../format'
import { loaded, torrents, version } from '../../live'
import { Icon } from '../../parts/Icon'
import { LabelDialog } from '../../parts/LabelDialog'
import { RemoveDialog } from '../../parts/RemoveDialog'
import { Bar, Empty, Loading, Words } from '../../parts/Small'
import { go, href } from '../../route'
import type { Summary } from '../../types'
import { stateWords, toneOf } from '../transfers/words'
import { About } from './About'
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
        {torrent.labels.map(label => (
          <span class="label" key={label}>
            <Words max={40}>{label}</Words>
          </span>
        ))}
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
      <div class="row deeds">
        {torrent.state === 'preview' && (
          <a class="button primary" href={href('add', torrent.id)}>
            Choose files and start
          </a>
        )}
        <button type="button" onClick={() => void act(isStill ? 'resume' : 'pause', [torrent.id])}>
          <Icon name={isStill ? 'resume' : 'pause'} /> {isStill ? 'Resume' : 'Pause'}
        </button>
        <button type="button" onClick={() => setAsking('label')}>
          <Icon name="label" /> <span>Labels</span>
        </button>
        <button type="button" onClick={() => void act('recheck', [torrent.id])}>
          <Icon name="check" /> <span>Check files</span>
        </button>
        <button type="button" onClick={() => void act('reannounce', [torrent.id])}>
          <Icon name="again" /> <span>Ask for peers</span>
        </button>
        <button type="button" class="danger" onClick={() => setAsking('remove')}>
          <Icon name="remove" /> <span>Remove</span>
        </button>
      </div>
      {asking === 'remove' && <RemoveDialog ids={[torrent.id]} onDone={() => go()} onClose={() => setAsking(null)} />}
      {asking === 'label' && <LabelDialog ids={[torrent.id]} labels={torrent.labels} onClose={() => setAsking(null)} />}
    </header>
  )
}
