import { useEffect, useRef, useState } from 'preact/hooks'
import { tell } from '../../actions'
import { create } from '../../api'
import { count } from '../../format'
import { learn } from '../../live'
import { Icon } from '../../parts/Icon'
import { say } from '../../parts/Toasts'
import { go } from '../../route'
import type { Summary } from '../../types'

const MAX_TORRENT = 64 * 1024 * 1024

/** Adds one thing and shows its files before it starts, or several at once, which start. */
async function add(things: (string | File)[]): Promise<void> {
  const preview = things.length === 1
  let added = 0
  for (const thing of things) {
    const answer = await tell(() => {
      if (thing instanceof File) return create<Summary>(`torrents?preview=${preview}`, thing)
      return create<Summary>('torrents', { ...(/^https?:/i.test(thing) ? { url: thing } : { link: thing }), preview })
    })
    if (!answer) continue
    learn(answer.value)
    if (!answer.made) say('It is in the list already.')
    else added++
    if (preview) go(answer.made ? 'add' : 't', answer.value.id)
  }
  if (!preview && added > 0) say(`Added ${count(added, 'transfer')}.`)
}

export function AddBox() {
  const [text, setText] = useState('')
  const [busy, setBusy] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const file = useRef<HTMLInputElement>(null)
  const over = useDrop(things => void addAll(things))

  const addAll = async (things: (string | File)[]) => {
    const small = things.filter(thing => !(thing instanceof File) || (thing.size <= MAX_TORRENT && /\.torrent$/i.test(thing.name)))
    if (small.length < things.length) say('Only torrent files and links can be added here. To give a file to others, drop it under Share.')
    if (small.length === 0) return
    setBusy(true)
    await add(small)
    setBusy(false)
    setText('')
  }

  return (
    <>
      <form
        class="add"
        onSubmit={event => {
          event.preventDefault()
          void addAll(linksOf(text))
        }}
      >
        <label class="grow">
          <span class="unseen">Magnet link, info-hash or address of a torrent file</span>
          <input
            id="add"
            ref={input}
            value={text}
            onInput={event => setText(event.currentTarget.value)}
            onPaste={event => {
              const pasted = linksOf(event.clipboardData?.getData('text') ?? '')
              if (pasted.length < 2) return
              event.preventDefault()
              void addAll(pasted)
            }}
            placeholder="Paste a magnet link, or drop a torrent file"
            autocomplete="off"
            spellcheck={false}
          />
        </label>
        <button type="button" onClick={() => file.current?.click()}>
          <Icon name="file" /> <span>File</span>
        </button>
        <input ref={file} type="file" accept=".torrent,application/x-bittorrent" multiple hidden aria-label="Torrent files" onChange={event => {
          void addAll([...(event.currentTarget.files ?? [])])
          event.currentTarget.value = ''
        }} />
        <button type="submit" class="primary" disabled={busy || text.trim() === ''}>
          {busy ? 'Adding…' : 'Add'}
        </button>
      </form>
      {over && (
        <div class="drop" aria-hidden="true">
          <p>Drop to add</p>
        </div>
      )}
    </>
  )
}

function linksOf(text: string): string[] {
  return text
    .split(/\s+/)
    .filter(part => part.length > 0)
    .slice(0, 500)
}

/** Files and links that are dropped anywhere on the page. Tells whether something is held over it. */
export function useDrop(onDrop: (things: (string | File)[]) => void): boolean {
  const [over, setOver] = useState(false)
  const latest = useRef(onDrop)
  latest.current = onDrop
  useEffect(() => {
    const enter = (event: DragEvent) => {
      event.preventDefault()
      setOver(true)
    }
    const leave = (event: DragEvent) => {
      if (!event.relatedTarget) setOver(false)
    }
    const drop = (event: DragEvent) => {
      event.preventDefault()
      setOver(false)
      const files = [...(event.dataTransfer?.files ?? [])]
      const links = linksOf(event.dataTransfer?.getData('text/uri-list') || event.dataTransfer?.getData('text') || '')
      latest.current(files.length > 0 ? files : links)
    }
    addEventListener('dragover', enter)
    addEventListener('dragleave', leave)
    addEventListener('drop', drop)
    return () => {
      removeEventListener('dragover', enter)
      removeEventListener('dragleave', leave)
      removeEventListener('drop', drop)
    }
  }, [])
  return over
}
