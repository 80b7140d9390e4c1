import { dateTime } from '../format'
import { Words } from './Small'

/** What went wrong lately with single things, newest first, out of the way until one looks. */
export function Troubles({ items, of }: { items: { what: string; detail: string; time: string }[]; of: string }) {
  if (items.length === 0) return null
  return (
    <details class="troubles">
      <summary>
        {items.length} {of} could not be added
      </summary>
      <ul>
        {items.map(item => (
          <li key={item.time + item.what}>
            <Words max={120}>{item.what}</Words>
            <span class="quiet small">
              {dateTime(item.time)}: <Words max={300}>{item.detail}</Words>
            </span>
          </li>
        ))}
      </ul>
    </details>
  )
}
