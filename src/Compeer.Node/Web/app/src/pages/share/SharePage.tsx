import { useRef, useState } from 'preact/hooks'
import { call, Problem, upload } from '../../api'
import { node } from '../../live'
import { Dialog } from '../../parts/Dialog'
import { FolderChooser } from '../../parts/FolderChooser'
import { Icon } from '../../parts/Icon'
import { follow } from '../../parts/job'
import { LinkCard } from '../../parts/LinkCard'
import { Bar, PageHead } from '../../parts/Small'
import { say } from '../../parts/Toasts'
import { harmless } from '../../text'
import { percent } from '../../format'
import { useDrop } from '../transfers/AddBox'
import { Given } from './Given'

interface Work {
  words: string
  fraction: number
  cancel?: () => void
}

/** Give a file or folder to others. */
export function SharePage() {
  const [choosing, setChoosing] = useState(false)
  const [work, setWork] = useState<Work | null>(null)
  const [failed, setFailed] = useState('')
  const [link, setLink] = useState('')
  const input = useRef<HTMLInputElement>(null)
  const over = useDrop(things => {
    const files = things.filter(thing => thing instanceof File)
    if (files.length > 1) say('One file at a time, please; of several, choose their folder.')
    else if (files[0]) void send(files[0])
  })

  const run = async (first: string, steps: () => Promise<void>) => {
    setFailed('')
    setLink('')
    setWork({ words: first, fraction: 0 })
    try {
      await steps()
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      setFailed(harmless(error.message, 400))
    }
    setWork(null)
  }
  const make = async (path: string) => {
    const { job } = await call<{ job: string }>('POST', 'create', { path, format: 'hybrid', share: true })
    const made = await follow(job, step => setWork({ words: harmless(step.detail || 'Reading'), fraction: step.fraction }))
    setLink(made.link ?? '')
  }
  const send = (file: File) =>
    run('Sending ' + harmless(file.name, 80), async () => {
      const sending = upload(file, fraction => setWork({ words: `Sending ${harmless(file.name, 80)} to the node`, fraction, cancel: sending.cancel }))
      await make((await sending.done).path)
    })

  return (
    <div class="stack">
      <PageHead title="Share" />
      <section class="card giving">
        {work ? (
          <div class="stack" role="status">
            <p>
              {work.words} <span class="number quiet">{percent(work.fraction)}</span>
            </p>
            <Bar value={work.fraction} />
            {work.cancel && (
              <span>
                <button type="button" onClick={work.cancel}>
                  Stop
                </button>
              </span>
            )}
          </div>
        ) : (
          <>
            <h2>Give something to others</h2>
            <p class="quiet">Drop a file anywhere on this page, or choose what lies on the node's computer. You get a link; whoever opens it in Compeer or any BitTorrent program gets the files from you, and from each other.</p>
            <div class="row">
              <button type="button" class="primary" onClick={() => input.current?.click()}>
                <Icon name="file" /> A file from here
              </button>
              <button type="button" onClick={() => setChoosing(true)}>
                <Icon name="folder" /> A folder or file on the node
              </button>
            </div>
            <input ref={input} type="file" hidden aria-label="File to share" onChange={event => {
              const file = event.currentTarget.files?.[0]
              if (file) void send(file)
              event.currentTarget.value = ''
            }} />
          </>
        )}
        {failed && (
          <p role="alert" class="bad">
            {failed}
          </p>
        )}
      </section>
      {link && (
        <section class="card" role="status">
          <h2>Give this link to others</h2>
          <LinkCard link={link} />
        </section>
      )}
      <Given />
      {over && (
        <div class="drop" aria-hidden="true">
          <p>Drop to share</p>
        </div>
      )}
      {choosing && (
        <Dialog title="What do you want to share?" onClose={() => setChoosing(false)}>
          <FolderChooser
            start={node.value?.downloadDirectory ?? '/'}
            files
            verb="Share this folder"
            onChoose={path => {
              setChoosing(false)
              void run('Reading', () => make(path))
            }}
          />
        </Dialog>
      )}
    </div>
  )
}
