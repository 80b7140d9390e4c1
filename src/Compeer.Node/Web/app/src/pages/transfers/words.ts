import { bytes } from '../../format'
import type { Summary } from '../../types'

/** What a transfer does, and why it does not do it faster. */
export function stateWords(torrent: Summary): string {
  if (torrent.problem) return torrent.problem
  switch (torrent.state) {
    case 'metadata':
      return torrent.why || 'Asking for the description'
    case 'preview':
      return 'Waiting for you to choose its files'
    case 'checking':
      return torrent.why || 'Checking the files'
    case 'seeding':
      return torrent.upRate > 0 || !torrent.why ? given(torrent) : `${given(torrent)} · ${torrent.why}`
    case 'paused':
      return 'Paused'
    case 'stopped':
      return torrent.why || 'Stopped'
    case 'diskFull':
      return torrent.why || 'The disk is full'
    default:
      return torrent.why || 'Fetching'
  }
}

function given(torrent: Summary): string {
  return torrent.uploaded > 0 ? `Complete, gave ${bytes(torrent.uploaded)}` : 'Complete'
}

export function toneOf(torrent: Summary): string {
  if (torrent.state === 'failed' || torrent.problem) return 'bad'
  if (torrent.state === 'diskFull') return 'bad'
  if (torrent.state === 'paused' || torrent.state === 'stopped' || torrent.state === 'preview') return 'still'
  return torrent.progress >= 1 ? 'done' : ''
}
