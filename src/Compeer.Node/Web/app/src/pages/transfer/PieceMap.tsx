import { useEffect, useRef, useState } from 'preact/hooks'
import { bytes, count } from '../../format'
import { Failed, Loading } from '../../parts/Small'
import { usePolled } from '../../parts/polled'
import { themeColours, useThemeChange } from '../../parts/theme'
import type { Pieces } from '../../types'

// The states as the API numbers them.
const MISSING = 0
const REQUESTED = 1
const PARTLY = 2
const VERIFYING = 3
const VERIFIED = 4
const UNWANTED = 5

const CELL = 11
const MOST_CELLS = 12_000

/** Which pieces are here, under way, and how rare the others are: drawn, and said in words. */
export function PieceMap({ id }: { id: string }) {
  const { data, problem, again } = usePolled<Pieces>(`torrents/${id}/pieces`, 2000)
  if (problem && !data) return <Failed problem={problem} again={again} />
  if (!data) return <Loading what="Reading the pieces" />
  const states = decode(data.states)
  const availability = decode(data.availability)
  return (
    <section class="card stack">
      <p id="pieces-words">{inWords(states, availability, data.length)}</p>
      <Canvas states={states} availability={availability} />
      <ul class="legend" aria-hidden="true">
        <li class="verified">Verified</li>
        <li class="moving">Under way</li>
        <li class="missing">Missing, common</li>
        <li class="rare">Missing, rare</li>
        <li class="nobody">With nobody</li>
        <li class="unwanted">Not wanted</li>
      </ul>
    </section>
  )
}

function decode(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), letter => letter.charCodeAt(0))
}

function inWords(states: Uint8Array, availability: Uint8Array, length: number): string {
  const many = (...which: number[]) => states.reduce((sum, state) => sum + (which.includes(state) ? 1 : 0), 0)
  const verified = many(VERIFIED)
  const parts = [`${verified.toLocaleString('en')} of ${count(states.length, 'piece')} of ${bytes(length)} verified`]
  const moving = many(REQUESTED, PARTLY, VERIFYING)
  if (moving > 0) parts.push(`${moving.toLocaleString('en')} under way`)
  const unwanted = many(UNWANTED)
  if (unwanted > 0) parts.push(`${unwanted.toLocaleString('en')} not wanted`)
  let rarest = 256
  let gone = 0
  states.forEach((state, index) => {
    if (state !== MISSING) return
    const copies = availability[index] ?? 0
    rarest = Math.min(rarest, copies)
    if (copies === 0) gone++
  })
  const missing = many(MISSING)
  if (missing > 0) {
    parts.push(`${missing.toLocaleString('en')} missing`)
    parts.push(gone > 0 ? `${gone.toLocaleString('en')} of them with none of the connected peers` : `the rarest of them with ${count(rarest, 'peer')}`)
  }
  return parts.join(', ') + '.'
}

function Canvas({ states, availability }: { states: Uint8Array; availability: Uint8Array }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [width, setWidth] = useState(0)
  const theme = useThemeChange()
  useEffect(() => {
    const element = canvas.current?.parentElement
    if (!element) return
    const observer = new ResizeObserver(() => setWidth(element.clientWidth))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  useEffect(() => {
    if (canvas.current && width > 0) draw(canvas.current, width, states, availability)
  }, [states, availability, width, theme])
  return (
    <div class="pieces">
      <canvas ref={canvas} role="img" aria-labelledby="pieces-words" />
    </div>
  )
}

/** One cell a piece, or a few pieces of which the least complete is shown. */
function draw(canvas: HTMLCanvasElement, width: number, states: Uint8Array, availability: Uint8Array): void {
  const each = Math.ceil(states.length / MOST_CELLS)
  const cells = Math.ceil(states.length / each)
  const columns = Math.max(1, Math.floor(width / CELL))
  const rows = Math.ceil(cells / columns)
  const scale = devicePixelRatio || 1
  canvas.width = Math.round(width * scale)
  canvas.height = Math.round(rows * CELL * scale)
  canvas.style.setProperty('height', `${rows * CELL}px`)
  const context = canvas.getContext('2d')
  if (!context) return
  const colours = themeColours()
  const most = Math.max(1, ...sample(availability))
  context.scale(scale, scale)
  for (let cell = 0; cell < cells; cell++) {
    const x = (cell % columns) * CELL
    const y = Math.floor(cell / columns) * CELL
    const piece = each === 1 ? cell : worst(states, cell * each, Math.min(states.length, (cell + 1) * each))
    const copies = availability[piece] ?? 0
    context.globalAlpha = 1
    switch (states[piece]) {
      case VERIFIED:
        context.fillStyle = colours.accent
        break
      case REQUESTED:
      case PARTLY:
      case VERIFYING:
        context.fillStyle = colours.warn
        break
      case UNWANTED:
        context.fillStyle = colours.line
        context.globalAlpha = 0.5
        break
      default:
        context.fillStyle = copies === 0 ? colours.bad : colours.edge
        context.globalAlpha = copies === 0 ? 0.75 : 0.25 + 0.6 * (1 - Math.min(1, (copies - 1) / most))
    }
    context.fillRect(x, y, CELL - 2, CELL - 2)
  }
}

function worst(states: Uint8Array, from: number, to: number): number {
  const order = [REQUESTED, PARTLY, VERIFYING, MISSING, VERIFIED, UNWANTED]
  let found = from
  for (let piece = from; piece < to; piece++) if (order.indexOf(states[piece] ?? 0) < order.indexOf(states[found] ?? 0)) found = piece
  return found
}

function* sample(values: Uint8Array): Iterable<number> {
  const step = Math.max(1, Math.floor(values.length / 5000))
  for (let i = 0; i < values.length; i += step) yield values[i] ?? 0
}
