import { useLayoutEffect, useRef } from 'preact/hooks'
import { act } from '../../actions'
import { bytes, duration, percent, rate } from '../../format'
import { Icon } from '../../parts/Icon'
import { Bar, Words } from '../../parts/Small'
import { href } from '../../route'
import { harmless } from '../../text'
import type { Summary } from '../../types'
import { stateWords, toneOf } from './words'

interface Props {
  torrent: Summary
  index: number
  top: number
  isTabStop: boolean
  isSelected: boolean
  onSelect: (id: string, isRange: boolean) => void
  onFocus: (id: string) => void
}

export function TransferRow({ torrent, index, top, isTabStop, isSelected, onSelect, onFocus }: Props) {
  const row = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => row.current?.style.setProperty('transform', `translateY(${top}px)`), [top])
  const tab = isTabStop ? 0 : -1
  const isStill = torrent.state === 'paused' || torrent.state === 'stopped' || torrent.state === 'failed' || torrent.state === 'diskFull'
  const name = harmless(torrent.name)
  return (
    <div ref={row} class="transfer" role="row" data-id={torrent.id} aria-rowindex={index + 2} aria-selected={isSelected} tabIndex={tab} onFocus={event => event.target === row.current && onFocus(torrent.id)}>
      <span role="gridcell" class="tick">
        <input type="checkbox" tabIndex={tab} checked={isSelected} aria-label={`Select ${name}`} onClick={event => onSelect(torrent.id, event.shiftKey)} />
      </span>
      <span role="gridcell" class="what">
        <a class="name" tabIndex={tab} href={href(torrent.state === 'preview' ? 'add' : 't', torrent.id)}>
          <Words>{torrent.name}</Words>
        </a>
        <span class={`why ${toneOf(torrent)}`}>
          <Words>{stateWords(torrent)}</Words>
          {torrent.labels.slice(0, 4).map(label => (
            <span class="label" key={label}>
              <Words max={30}>{label}</Words>
            </span>
          ))}
        </span>
        {torrent.size > 0 && torrent.progress < 1 && <Bar value={torrent.progress} tone={toneOf(torrent)} />}
      </span>
      <span role="gridcell" class="number size">
        {torrent.size > 0 && torrent.progress < 1 && <strong>{percent(torrent.progress)} of </strong>}
        {torrent.size > 0 ? bytes(torrent.size) : ''}
      </span>
      <span role="gridcell" class="number down">
        {torrent.downRate > 0 && rate(torrent.downRate)}
      </span>
      <span role="gridcell" class="number up">
        {torrent.upRate > 0 && rate(torrent.upRate)}
      </span>
      <span role="gridcell" class="number eta">
        {torrent.eta !== null && torrent.eta !== undefined && torrent.state === 'downloading' ? duration(torrent.eta) : ''}
      </span>
      <span role="gridcell" class="do">
        <button type="button" class="icon" tabIndex={tab} aria-label={`${isStill ? 'Resume' : 'Pause'} ${name}`} onClick={() => void act(isStill ? 'resume' : 'pause', [torrent.id])}>
          <Icon name={isStill ? 'resume' : 'pause'} />
        </button>
      </span>
    </div>
  )
}
