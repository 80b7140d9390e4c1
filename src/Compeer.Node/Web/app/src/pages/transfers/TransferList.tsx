import { useEffect, useRef, useState } from 'preact/hooks'
import { act } from '../../actions'
import { RemoveDialog } from '../../parts/RemoveDialog'
import { go } from '../../route'
import { TransferRow } from './TransferRow'
import { chosen, select, selected, shown, sort, sortBy, type SortKey, toggle } from './view'

const COLUMNS: { key: SortKey; name: string; descendingFirst: boolean }[] = [
  { key: 'name', name: 'Name', descendingFirst: false },
  { key: 'size', name: 'Size', descendingFirst: true },
  { key: 'downRate', name: 'Down', descendingFirst: true },
  { key: 'upRate', name: 'Up', descendingFirst: true },
  { key: 'eta', name: 'Time left', descendingFirst: false },
]

/** Rows beyond both edges, so that a quick scroll shows no hole. */
const SPARE = 8

/** A list of any length of which only the rows in sight exist. All rows are of one height, which the style sheet gives. */
export function TransferList() {
  const frame = useRef<HTMLDivElement>(null)
  const filler = useRef<HTMLDivElement>(null)
  const [{ top, height, rowHeight }, setPlace] = useState({ top: 0, height: 800, rowHeight: 72 })
  const [active, setActive] = useState('')
  const [removing, setRemoving] = useState<string[]>([])
  // The row that the keyboard went to; it may not exist before the list has scrolled there.
  const goal = useRef('')

  useEffect(() => {
    const element = frame.current
    if (!element) return
    const measure = () => {
      const row = parseFloat(getComputedStyle(element).getPropertyValue('--row'))
      setPlace({ top: element.scrollTop, height: element.clientHeight, rowHeight: row > 0 ? row : 72 })
    }
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    element.addEventListener('scroll', measure, { passive: true })
    measure()
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', measure)
    }
  }, [])

  const list = shown.value
  useEffect(() => filler.current?.style.setProperty('height', `${list.length * rowHeight}px`), [list.length, rowHeight])

  const first = Math.max(0, Math.floor(top / rowHeight) - SPARE)
  const last = Math.min(list.length, Math.ceil((top + height) / rowHeight) + SPARE)
  const rows = list.slice(first, last)
  const tabStop = rows.some(torrent => torrent.id === active) ? active : (list[Math.min(list.length - 1, Math.ceil(top / rowHeight))]?.id ?? '')

  useEffect(() => {
    if (goal.current === '') return
    const row = frame.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(goal.current)}"]`)
    if (!row) return
    goal.current = ''
    row.focus({ preventScroll: true })
  })

  const moveTo = (index: number) => {
    const to = Math.min(list.length - 1, Math.max(0, index))
    const target = list[to]
    const element = frame.current
    if (!target || !element) return
    if (to * rowHeight < element.scrollTop) element.scrollTop = to * rowHeight
    else if ((to + 1) * rowHeight > element.scrollTop + element.clientHeight) element.scrollTop = (to + 1) * rowHeight - element.clientHeight
    goal.current = target.id
    setActive(target.id)
  }

  const onKeyDown = (event: KeyboardEvent) => {
    if ((event.target as HTMLElement).closest('button, a, input') && !['ArrowUp', 'ArrowDown', 'Delete'].includes(event.key)) return
    const index = list.findIndex(torrent => torrent.id === tabStop)
    const torrent = list[index]
    const page = Math.max(1, Math.floor(height / rowHeight) - 1)
    const places: Record<string, number> = { ArrowUp: index - 1, ArrowDown: index + 1, PageUp: index - page, PageDown: index + page, Home: 0, End: list.length - 1 }
    const place = places[event.key]
    if (place !== undefined) moveTo(place)
    else if (event.key === 'a' && (event.ctrlKey || event.metaKey)) select(list.map(each => each.id))
    else if (event.key === 'Escape') select([])
    else if (!torrent) return
    else if (event.key === ' ') toggle(torrent.id)
    else if (event.key === 'Enter') go(torrent.state === 'preview' ? 'add' : 't', torrent.id)
    else if (event.key === 'Delete') setRemoving(chosen.value.length > 0 ? chosen.value : [torrent.id])
    else if (event.key === 'p' && !event.ctrlKey) void act(torrent.state === 'paused' || torrent.state === 'stopped' ? 'resume' : 'pause', [torrent.id])
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  const selectTo = (id: string, isRange: boolean) => {
    const from = list.findIndex(torrent => torrent.id === tabStop)
    const to = list.findIndex(torrent => torrent.id === id)
    if (isRange && from >= 0 && to >= 0) select([...selected.value, ...list.slice(Math.min(from, to), Math.max(from, to) + 1).map(torrent => torrent.id)])
    else toggle(id)
    setActive(id)
  }

  return (
    <div class="list" role="grid" aria-label="Transfers" aria-rowcount={list.length + 1} aria-multiselectable="true" onKeyDown={onKeyDown}>
      <div role="rowgroup">
        <div class="transfer titles" role="row" aria-rowindex={1}>
          <span role="columnheader">
            <span class="unseen">Selected</span>
          </span>
          {COLUMNS.map(column => (
            <Title key={column.key} column={column} />
          ))}
          <span role="columnheader">
            <span class="unseen">Pause or resume</span>
          </span>
        </div>
      </div>
      <div class="frame" role="rowgroup" ref={frame}>
        <div class="filler" role="presentation" ref={filler}>
          {rows.map((torrent, offset) => (
            <TransferRow
              key={torrent.id}
              torrent={torrent}
              index={first + offset}
              top={(first + offset) * rowHeight}
              isTabStop={torrent.id === tabStop}
              isSelected={selected.value.has(torrent.id)}
              onSelect={selectTo}
              onFocus={setActive}
            />
          ))}
        </div>
      </div>
      {removing.length > 0 && <RemoveDialog ids={removing} onDone={() => select([])} onClose={() => setRemoving([])} />}
    </div>
  )
}

function Title({ column }: { column: (typeof COLUMNS)[number] }) {
  const { key, descending } = sort.value
  const here = key === column.key
  return (
    <span role="columnheader" aria-sort={here ? (descending ? 'descending' : 'ascending') : 'none'}>
      <button type="button" class="plain" onClick={() => sortBy(column.key, here ? !descending : column.descendingFirst)}>
        {column.name}
        {here && <span aria-hidden="true"> {descending ? '↓' : '↑'}</span>}
      </button>
    </span>
  )
}
