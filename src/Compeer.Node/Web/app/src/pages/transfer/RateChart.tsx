import { useEffect, useRef, useState } from 'preact/hooks'
import { clock, rate } from '../../format'
import { usePolled } from '../../parts/polled'
import type { Rates } from '../../types'

const HEIGHT = 132
const FOOT = 20

/** Rates of the last hour as two lines, drawn as SVG, with a sentence that says the same. Shown only when something has moved. */
export function RateChart({ id }: { id: string }) {
  const { data } = usePolled<Rates>(`torrents/${id}/rates`, 5000)
  const frame = useRef<HTMLElement>(null)
  const [width, setWidth] = useState(600)
  const points = data?.points ?? []
  const top = Math.max(0, ...points.map(point => Math.max(point.down, point.up)))
  const isShown = points.length > 1 && top > 0
  useEffect(() => {
    if (!frame.current) return
    const element = frame.current
    const observer = new ResizeObserver(() => setWidth(element.clientWidth))
    observer.observe(element)
    return () => observer.disconnect()
  }, [isShown])
  if (!isShown) return null

  const scale = nice(top)
  const x = (index: number) => (index / (points.length - 1)) * width
  const y = (value: number) => 8 + (1 - value / scale) * (HEIGHT - FOOT - 8)
  const line = (of: 'down' | 'up') => points.map((point, index) => `${index ? 'L' : 'M'}${x(index).toFixed(1)} ${y(point[of]).toFixed(1)}`).join('')
  const last = points[points.length - 1]
  const words = `Down ${rate(last?.down ?? 0)} now, at most ${rate(Math.max(...points.map(point => point.down)))}. Up ${rate(last?.up ?? 0)} now, at most ${rate(Math.max(...points.map(point => point.up)))}.`
  return (
    <figure class="chart" ref={frame}>
      <svg viewBox={`0 0 ${width} ${HEIGHT}`} width={width} height={HEIGHT} role="img" aria-label={`Rates since ${clock(points[0]?.t ?? 0)}. ${words}`}>
        {[0, 0.5, 1].map(part => (
          <line key={part} x1="0" x2={width} y1={y(scale * part)} y2={y(scale * part)} class="grid" />
        ))}
        <path d={`${line('down')}L${width} ${y(0)}L0 ${y(0)}Z`} class="area" />
        <path d={line('down')} class="line" />
        <path d={line('up')} class="line up" />
        {[0.5, 1].map(part => (
          <text key={part} x="0" y={y(scale * part) + 14} class="axis">
            {rate(scale * part)}
          </text>
        ))}
        <text x="0" y={HEIGHT - 4} class="axis">
          {clock(points[0]?.t ?? 0)}
        </text>
        <text x={width} y={HEIGHT - 4} class="axis end">
          now
        </text>
      </svg>
      <figcaption aria-hidden="true">
        <span class="key">Down</span> <span class="key up">Up</span>
      </figcaption>
    </figure>
  )
}

/** The next round rate above: 1, 2 or 5 times a power of ten, in units of 1024. */
function nice(value: number): number {
  let unit = 1
  while (value / unit >= 1024) unit *= 1024
  const step = 10 ** Math.floor(Math.log10(Math.max(1, value / unit)))
  return unit * step * ([1, 2, 5, 10].find(factor => value / unit <= factor * step) ?? 10)
}
