import { bytes } from '../../format'
import type { Summary } from '../../types'

/** What a transfer does, and why it does not do it faster. */
export function stateWords(torrent: Summary): string {
  if (torrent.problem) return torrent.problem
  switch (torrent.state) {
    case 'metadata':
      return sentence(torrent.why || 'Asking for the description')
    case 'preview':
      return 'Waiting for you to choose its files'
    case 'checking':
      return sentence(torrent.why || 'Checking the files')
    case 'seeding':
      return [given(torrent), torrent.upRate > 0 ? '' : torrent.why.replace(/^complete\W*(and )?/i, '')].filter(part => part !== '').join(' · ')
    case 'paused':
      return 'Paused'
    case 'moving':
      return sentence(torrent.why || 'Its files are being moved')
    case 'stopped':
      return sentence(torrent.why || 'Stopped')
    case 'diskFull':
      return sentence(torrent.why || 'The disk is full')
    default:
      return sentence(torrent.why || 'Fetching')
  }
}

/** The node's clauses begin small, as they may stand inside a sentence. */
export function sentence(clause: string): string {
  return clause.charAt(0).toUpperCase() + clause.slice(1)
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
