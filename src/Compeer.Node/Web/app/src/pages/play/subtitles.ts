import { baseName, extensionOf, harmless } from '../../text'
import type { TorrentFile } from '../../types'

export interface Cue {
  start: number
  end: number
  text: string
}

const MAX_CUES = 20_000

/** Subtitles beside a film: in its folder or below, .srt or .vtt, and named like it where there are several films. */
export function subtitlesFor(film: TorrentFile, files: TorrentFile[]): TorrentFile[] {
  const folder = film.path.slice(0, film.path.lastIndexOf('/') + 1)
  const stem = baseName(film.path).replace(/\.[^.]*$/, '').toLowerCase()
  const found = files.filter(file => ['srt', 'vtt'].includes(extensionOf(file.path)) && file.path.startsWith(folder))
  const own = found.filter(file => baseName(file.path).toLowerCase().startsWith(stem))
  return (own.length > 0 ? own : found).slice(0, 20)
}

/** "en" of "film.en.srt"; else the file's name. */
export function subtitleName(file: TorrentFile): string {
  const parts = baseName(file.path).split('.')
  const tag = parts.length > 2 ? (parts[parts.length - 2] ?? '') : ''
  return /^[a-z]{2,3}(-[a-z]+)?$/i.test(tag) ? tag : harmless(baseName(file.path), 60)
}

/** Cues of SubRip or WebVTT; what is not understood is left out. Tags are dropped: a cue is plain text. */
export function parseSubtitles(bytes: Uint8Array): Cue[] {
  const cues: Cue[] = []
  const blocks = textOf(bytes).replace(/\r\n?/g, '\n').split(/\n{2,}/)
  for (const block of blocks) {
    if (cues.length >= MAX_CUES) break
    const lines = block.split('\n')
    const at = lines.findIndex(line => line.includes('-->'))
    if (at < 0) continue
    const [from, to] = (lines[at] ?? '').split('-->')
    const start = secondsOf(from ?? '')
    const end = secondsOf(to ?? '')
    const text = lines.slice(at + 1).map(line => harmless(line.replace(/<[^>]*>/g, '').replace(/\{\\[^}]*\}/g, ''), 400)).join('\n').trim()
    if (start !== null && end !== null && end > start && text) cues.push({ start, end, text })
  }
  return cues
}

/** UTF-8, else what most old subtitles are in. */
export function textOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}

/** "01:02:03,500", "02:03.500 line:80%" */
function secondsOf(text: string): number | null {
  const match = /^\s*(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})/.exec(text)
  if (!match) return null
  return Number(match[1] ?? 0) * 3600 + Number(match[2]) * 60 + Number(match[3]) + Number((match[4] ?? '0').padEnd(3, '0')) / 1000
}
