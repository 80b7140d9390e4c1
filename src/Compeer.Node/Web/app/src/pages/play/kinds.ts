import { extensionOf } from '../../text'
import type { TorrentFile } from '../../types'

export type Kind = 'video' | 'audio' | 'picture' | 'text'

const TEXT = new Set(['txt', 'md', 'nfo', 'srt', 'vtt', 'csv', 'log', 'json', 'xml', 'html', 'css', 'js', 'py', 'c', 'h', 'cs', 'ini', 'cue', 'm3u', 'sfv', 'diff', 'tex', 'yml', 'yaml', 'toml'])

/** How a file can be shown in the page; null if not at all. Text is read as text, whatever it says it is. */
export function kindOf(file: TorrentFile): Kind | null {
  if (TEXT.has(extensionOf(file.path)) || file.mediaType === 'text/plain') return 'text'
  if (file.mediaType.startsWith('video/')) return 'video'
  if (file.mediaType.startsWith('audio/')) return 'audio'
  // A picture in SVG is a document with links and scripts of its own.
  if (file.mediaType.startsWith('image/') && file.mediaType !== 'image/svg+xml') return 'picture'
  return null
}

export function contentPath(id: string, index: number): string {
  return `/api/v1/torrents/${id}/files/${index}/content`
}
