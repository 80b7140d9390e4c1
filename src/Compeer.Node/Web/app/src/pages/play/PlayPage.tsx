import { useEffect, useRef, useState } from 'preact/hooks'
import { tell } from '../../actions'
import { call, Problem, readStart } from '../../api'
import { bytes, dateTime, percent } from '../../format'
import { torrents, version } from '../../live'
import { Icon } from '../../parts/Icon'
import { Copy, Empty, Failed, Loading, Words } from '../../parts/Small'
import { usePolled } from '../../parts/polled'
import { href } from '../../route'
import { baseName, harmless } from '../../text'
import type { TorrentFile } from '../../types'
import { contentPath, kindOf } from './kinds'
import { parseSubtitles, subtitleName, subtitlesFor, textOf } from './subtitles'

/** A file shown in the page while it is still being fetched. */
export function PlayPage({ id, index }: { id: string; index: number }) {
  version.value
  const torrent = torrents.get(id)
  const { data, problem, again } = usePolled<{ items: TorrentFile[] }>(`torrents/${id}/files`, 4000)
  if (problem && !data) return <Failed problem={problem} again={again} />
  if (!data) return <Loading what="Reading the files" />
  const file = data.items.find(each => each.index === index)
  if (!file)
    return (
      <Empty title="There is no such file">
        <a href={href('t', id)}>To the transfer</a>
      </Empty>
    )
  const done = file.size === 0 ? 1 : file.verified / file.size
  return (
    <div class="stack">
      <a href={href('t', id)} class="back">
        <Icon name="back" /> <Words max={80}>{torrent?.name ?? 'The transfer'}</Words>
      </a>
      <h1 class="title">
        <Words>{baseName(file.path)}</Words>
      </h1>
      <Show id={id} file={file} files={data.items} />
      <p class="quiet number">
        {done < 1 ? `${percent(done)} of ${bytes(file.size)} here; what is watched is fetched first.` : bytes(file.size)}
        {done < 1 && torrent && torrent.state === 'paused' && ' The transfer is paused: resume it to go on.'}
      </p>
      <External id={id} index={index} isDone={done >= 1} />
    </div>
  )
}

function Show({ id, file, files }: { id: string; file: TorrentFile; files: TorrentFile[] }) {
  switch (kindOf(file)) {
    case 'video':
    case 'audio':
      return <Media id={id} file={file} files={files} />
    case 'picture':
      return <Picture id={id} file={file} />
    case 'text':
      return <Text id={id} file={file} />
    default:
      return (
        <Empty title="This kind of file cannot be shown here">
          <p>Open it in a program of its own: below is a link for it.</p>
        </Empty>
      )
  }
}

function Media({ id, file, files }: { id: string; file: TorrentFile; files: TorrentFile[] }) {
  const media = useRef<HTMLVideoElement & HTMLAudioElement>(null)
  const [failed, setFailed] = useState('')
  const [waiting, setWaiting] = useState(true)
  const source = contentPath(id, file.index)
  const beside = useRef(subtitlesFor(file, files))

  // Subtitles are put into the film as cues made here: a <track> would need its own address, and knows no SubRip.
  useEffect(() => {
    const element = media.current
    if (!element || kindOf(file) !== 'video') return
    let ended = false
    const load = async () => {
      for (const subtitle of beside.current) {
        try {
          const cues = parseSubtitles(await readStart(contentPath(id, subtitle.index), 4 * 1024 * 1024))
          if (ended) return
          const track = element.addTextTrack('subtitles', subtitleName(subtitle))
          for (const cue of cues) track.addCue(new VTTCue(cue.start, cue.end, cue.text))
          track.mode = 'disabled'
        } catch (error) {
          if (!(error instanceof Problem)) throw error
        }
      }
    }
    void load()
    return () => {
      ended = true
    }
  }, [id, file.index])

  const label = `${kindOf(file) === 'audio' ? 'Sound' : 'Film'}: ${harmless(file.path)}`
  const events = {
    onError: () => setFailed(media.current?.error?.message || 'The browser gave no reason.'),
    onWaiting: () => setWaiting(true),
    onPlaying: () => setWaiting(false),
    onCanPlay: () => setWaiting(false),
  }
  return (
    <>
      <div class="player">
        {kindOf(file) === 'audio' ? (
          <audio ref={media} src={source} controls preload="metadata" aria-label={label} {...events} />
        ) : (
          <video ref={media} src={source} controls preload="metadata" playsInline aria-label={label} {...events} />
        )}
      </div>
      {failed ? (
        <p role="alert" class="bad">
          This browser cannot play it ({harmless(failed, 200)}). Another player may: use the link below.
        </p>
      ) : (
        <p role="status" class="quiet">
          {waiting ? 'Waiting for the pieces that come next…' : ''}
        </p>
      )}
    </>
  )
}

function Picture({ id, file }: { id: string; file: TorrentFile }) {
  const [failed, setFailed] = useState(false)
  if (failed) return <Empty title="The picture cannot be shown">It may be broken, or the connection to the node is.</Empty>
  return (
    <div class="player paper">
      <img src={contentPath(id, file.index)} alt={harmless(baseName(file.path))} onError={() => setFailed(true)} />
    </div>
  )
}

const MOST = 256 * 1024

function Text({ id, file }: { id: string; file: TorrentFile }) {
  const [text, setText] = useState<string | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  useEffect(() => {
    if (file.size === 0) return setText('')
    readStart(contentPath(id, file.index), MOST).then(
      bytes => setText(textOf(bytes)),
      (error: unknown) => error instanceof Problem && setProblem(error),
    )
  }, [id, file.index])
  if (problem) return <Failed problem={problem} />
  if (text === null) return <Loading what="Waiting for the pieces of the file" />
  return (
    <>
      <div class="player paper">
        <pre tabIndex={0} aria-label="Text of the file">
          {text.slice(0, MOST).split('\n').map(line => harmless(line, 20_000)).join('\n')}
        </pre>
      </div>
      {file.size > MOST && <p class="quiet">These are the first {bytes(MOST)}.</p>}
    </>
  )
}

/** A link with a key in it, for players that know no cookies. It is made when asked for, as whoever has it can read the file. */
function External({ id, index, isDone }: { id: string; index: number; isDone: boolean }) {
  const [made, setMade] = useState<{ url: string; expiresAt: string } | null>(null)
  if (made)
    return (
      <section class="card stack">
        <h2>Link for another player</h2>
        <code class="long">{made.url}</code>
        <p class="quiet">Open it in VLC, mpv or another player. Whoever has it can read this one file until {dateTime(made.expiresAt)}.</p>
        <span>
          <Copy text={made.url} label="Copy the link" />
        </span>
      </section>
    )
  return (
    <div class="row">
      <button
        type="button"
        onClick={() =>
          void tell(async () => {
            const answer = await call<{ url: string; expiresAt: string }>('POST', `torrents/${id}/files/${index}/link`, {})
            setMade({ ...answer, url: new URL(answer.url, location.origin).href })
          })
        }
      >
        <Icon name="play" /> Link for another player
      </button>
      {isDone && (
        <a class="button" href={contentPath(id, index) + '?download=1'} download>
          <Icon name="down" /> Save on this computer
        </a>
      )}
    </div>
  )
}
