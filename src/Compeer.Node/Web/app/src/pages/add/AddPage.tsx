import { useEffect, useState } from 'preact/hooks'
import { removeLater, tell } from '../../actions'
import { call } from '../../api'
import { bytes, count } from '../../format'
import { learn, loaded, node, torrents, version } from '../../live'
import { FolderChooser } from '../../parts/FolderChooser'
import { labelsOf } from '../../parts/LabelDialog'
import { Empty, Loading, PageHead, Words } from '../../parts/Small'
import { usePolled } from '../../parts/polled'
import { go, href } from '../../route'
import type { Detail, Summary, TorrentFile } from '../../types'
import { sentence, stateWords } from '../transfers/words'

/** What a torrent holds, before anything of it is fetched: choose files, a place, labels; then start. */
export function AddPage({ id }: { id: string }) {
  version.value
  const torrent = torrents.get(id)
  const isKnown = torrent !== undefined && torrent.size > 0
  const { data } = usePolled<{ items: TorrentFile[] }>(isKnown ? `torrents/${id}/files` : null)
  const detail = usePolled<Detail>(isKnown ? `torrents/${id}` : null).data
  const [left, setLeft] = useState<ReadonlySet<number>>(new Set())
  const [directory, setDirectory] = useState('')
  const [choosing, setChoosing] = useState(false)
  const [labels, setLabels] = useState('')
  const [sequential, setSequential] = useState(false)
  const [busy, setBusy] = useState(false)

  useEffect(() => setLabels(torrent?.labels.join(', ') ?? ''), [id])

  if (!torrent)
    return loaded.value ? (
      <Empty title="It is not in the list">
        <a href={href()}>To the transfers</a>
      </Empty>
    ) : (
      <Loading />
    )

  const files = data?.items ?? []
  const place = directory || torrent.directory || node.value?.downloadDirectory || ''
  const wanted = files.filter(file => !left.has(file.index))
  const size = data ? wanted.reduce((sum, file) => sum + file.size, 0) : torrent.size
  const free = node.value?.freeBytes ?? Infinity

  const start = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    await tell(async () => {
      if (left.size > 0) await call('PATCH', `torrents/${id}/files`, { priorities: Object.fromEntries([...left].map(index => [index, 'skip'])) })
      const changes = {
        preview: false,
        ...(torrent.state === 'paused' ? { paused: false } : {}),
        ...(sequential ? { sequential } : {}),
        ...(labels !== torrent.labels.join(', ') ? { labels: labelsOf(labels) } : {}),
        ...(directory && directory !== torrent.directory ? { directory } : {}),
      }
      learn(await call<Summary>('PATCH', `torrents/${id}`, changes))
      go()
    })
    setBusy(false)
  }
  const cancel = () => {
    removeLater([id], false)
    go()
  }

  return (
    <form class="stack" onSubmit={start}>
      <PageHead title="Add a transfer" />
      <section class="card">
        <h2 class="wrap">
          <Words>{torrent.name}</Words>
        </h2>
        {detail?.comment && (
          <p class="quiet long">
            <Words max={2000}>{detail.comment}</Words>
          </p>
        )}
        {!isKnown ? (
          <div role="status">
            <p class="breathing">
              <Words>{torrent.problem || (torrent.state === 'preview' ? sentence(torrent.why || 'asking for the description') : stateWords(torrent))}</Words>
            </p>
            <p class="quiet">A magnet link holds only a hash; names and sizes come from peers. You may start now: then everything is fetched as soon as they are known.</p>
          </div>
        ) : !data ? (
          <Loading what="Reading the files" />
        ) : (
          <FileChoice files={files} left={left} onChange={setLeft} />
        )}
      </section>
      <section class="card stack">
        <div class="field">
          <span>Folder</span>
          {choosing ? (
            <FolderChooser
              start={place}
              verb="Use this folder"
              onChoose={path => {
                setDirectory(path)
                setChoosing(false)
              }}
            />
          ) : (
            <div class="row">
              <code>
                <Words max={400}>{place}</Words>
              </code>
              <button type="button" onClick={() => setChoosing(true)}>
                Change
              </button>
            </div>
          )}
        </div>
        <label class="field">
          <span>Labels, separated by commas</span>
          <input value={labels} onInput={event => setLabels(event.currentTarget.value)} autocomplete="off" />
        </label>
        <label class="tickbox">
          <input type="checkbox" checked={sequential} onChange={event => setSequential(event.currentTarget.checked)} /> Fetch in order, from the beginning
        </label>
      </section>
      <div class="row">
        <button type="submit" class="primary" autofocus disabled={busy || (data !== null && files.length > 0 && wanted.length === 0)}>
          {busy ? 'Starting…' : 'Start'}
        </button>
        <button type="button" onClick={cancel}>
          Do not add
        </button>
        {isKnown && (
          <span class={size > free ? 'bad number' : 'quiet number'}>
            {data && `${count(wanted.length, 'file')}, `}
            {bytes(size)}
            {Number.isFinite(free) && `; ${bytes(free)} free${size > free ? ', which is too little' : ''}`}
          </span>
        )}
      </div>
    </form>
  )
}

const MOST = 2000

function FileChoice({ files, left, onChange }: { files: TorrentFile[]; left: ReadonlySet<number>; onChange: (left: ReadonlySet<number>) => void }) {
  const set = (indexes: number[], wanted: boolean) => {
    const next = new Set(left)
    for (const index of indexes) {
      if (wanted) next.delete(index)
      else next.add(index)
    }
    onChange(next)
  }
  return (
    <>
      {files.length > 1 && (
        <p class="row">
          <button type="button" class="link" onClick={() => set(files.map(file => file.index), true)}>
            All
          </button>
          <button type="button" class="link" onClick={() => set(files.map(file => file.index), false)}>
            None
          </button>
        </p>
      )}
      <ul class="choice" aria-label="Files">
        {files.slice(0, MOST).map(file => (
          <li key={file.index}>
            <label>
              <input type="checkbox" checked={!left.has(file.index)} onChange={event => set([file.index], event.currentTarget.checked)} />
              <span class="grow wrap">
                <Words>{file.path}</Words>
              </span>
              <span class="number quiet">{bytes(file.size)}</span>
            </label>
          </li>
        ))}
      </ul>
      {files.length > MOST && <p class="quiet">And {count(files.length - MOST, 'more file')}, which are fetched too; choose among them once the transfer has started.</p>}
    </>
  )
}
