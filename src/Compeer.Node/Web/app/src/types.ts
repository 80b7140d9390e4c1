// The shapes of /api/v1 that the page reads. Sizes are bytes, rates bytes a second, times RFC 3339 in UTC.

export type TorrentState = 'metadata' | 'preview' | 'checking' | 'downloading' | 'seeding' | 'paused' | 'diskFull' | 'failed' | 'stopped' | 'moving'

export interface Summary {
  id: string
  name: string
  state: TorrentState
  asleep: boolean
  size: number
  /** How many files; 0 while unknown. */
  files?: number
  wanted: number
  verified: number
  progress: number
  downRate: number
  upRate: number
  downloaded: number
  uploaded: number
  ratio: number
  peers: number
  seeds: number
  eta: number | null
  why: string
  problem?: string | null
  labels: string[]
  addedAt: string
  completedAt?: string | null
  directory: string
  sequential: boolean
  downLimit: number | null
  upLimit: number | null
}

export interface Tracker {
  url: string
  tier: number
  state: string
  seeds?: number | null
  leechers?: number | null
  /** Seconds from now. */
  nextAnnounce?: number | null
  error?: string | null
}

export interface Detail extends Summary {
  infoHashV1?: string | null
  infoHashV2?: string | null
  magnet: string
  comment?: string | null
  createdBy?: string | null
  private: boolean
  pieceCount: number
  pieceLength: number
  trackers: Tracker[]
}

export type Priority = 'skip' | 'low' | 'normal' | 'high'

export interface TorrentFile {
  index: number
  path: string
  size: number
  verified: number
  priority: Priority
  mediaType: string
}

export interface Peer {
  endPoint: string
  client: string
  way: Way
  incoming: boolean
  encrypted: boolean
  sources: string[]
  progress: number
  downRate: number
  upRate: number
  downloaded: number
  uploaded: number
  flags: string[]
  connectedSeconds: number
}

export type Way = 'tcp' | 'utp' | 'punched' | 'relayed' | 'webSeed'

export interface Pieces {
  count: number
  length: number
  states: string
  availability: string
}

export interface Rates {
  stepSeconds: number
  points: { t: string; down: number; up: number }[]
}

export type Verdict = 'yes' | 'no' | 'unknown'

export interface Node {
  name: string
  version: string
  startedAt: string
  firstRun: boolean
  downloadDirectory: string
  freeBytes: number
  port: number
  downRate: number
  upRate: number
  downloadedBytes: number
  uploadedBytes: number
  torrents: { total: number; downloading: number; seeding: number; paused: number; checking: number; failed: number }
  reachability: { verdict: Verdict; words: string; ipv4?: string | null; ipv6?: string | null }
  dht: { enabled: boolean; nodes: number }
  limits: { up: number | null; down: number | null }
}

export interface NetworkPeer {
  endPoint: string
  client: string
  torrent: string
  way: Way
  downRate: number
  upRate: number
}

export interface Network {
  addresses: string[]
  port: number
  reachability: { verdict: Verdict; words: string; advice?: string[] | null }
  portMapping: { state: string; words: string }
  dht: { enabled: boolean; nodes4: number; nodes6: number; words: string }
  relay?: string | null
  tracker: Tracking
  connections: { tcp: number; utp: number; punched: number; relayed: number; incoming: number }
  peers: NetworkPeer[]
}

/** Somebody who fetched from us, connected or not. */
export interface Taker {
  address: string
  client: string
  uploaded: number
  secondsSinceLeft?: number | null
}

export type DhtNodeState = 'good' | 'questionable' | 'failing'

export interface DhtNode {
  endPoint: string
  state: DhtNodeState
  roundTripMilliseconds: number
  secondsSinceReply: number
}

export interface DhtFamily {
  family: 'ipv4' | 'ipv6'
  id: string
  rows: { sharedBits: number; nodes: DhtNode[] }[]
}

export interface DhtTables {
  families: DhtFamily[]
}

/** The tracker that the node runs for others. */
export interface Tracking {
  enabled: boolean
  http?: string | null
  udp?: string | null
  swarms: number
  peers: number
  words: string
}

export interface Finding {
  ok: boolean
  title: string
  detail: string
  advice?: string | null
}

export interface Job {
  state: 'running' | 'done' | 'failed'
  fraction: number
  detail?: string | null
  torrent?: string | null
  link?: string | null
  result?: { findings?: Finding[] } | null
}

export interface Setting {
  key: string
  area: string
  title: string
  help: string
  type: 'bool' | 'int' | 'bytes' | 'rate' | 'text' | 'path' | 'choice' | 'duration'
  choices?: string[] | null
  unit?: string | null
  value: unknown
  default: unknown
  source: 'default' | 'file' | 'environment' | 'flag'
  needsRestart: boolean
}

export interface Folder {
  path: string
  parent: string | null
  folders: string[]
  files: { name: string; size: number }[]
}

export interface Limits {
  up: number | null
  down: number | null
  alternate: { up: number | null; down: number | null; enabled: boolean }
  schedule: unknown[]
  active: { up: number | null; down: number | null; why: string }
}

export interface WatchFolder {
  id: string
  path: string
  directory?: string | null
  labels: string[]
  added: number
  lastChecked?: string | null
  error?: string | null
  problems: { file: string; detail: string; time: string }[]
}

export interface FeedRule {
  match: string
  exclude?: string | null
  directory?: string | null
  labels: string[]
}

export interface Feed {
  id: string
  url: string
  title?: string | null
  everyMinutes: number
  rules: FeedRule[]
  lastChecked?: string | null
  added: number
  error?: string | null
  problems: { item: string; detail: string; time: string }[]
}

export interface FeedItem {
  title: string
  link: string
  publishedAt?: string | null
  taken: boolean
  rule?: number | null
}

export interface ApiKey {
  id: string
  name: string
  scope: 'read' | 'add' | 'admin'
  key?: string
}

export interface LogLine {
  time: string
  level: 'debug' | 'info' | 'warning' | 'error'
  area: string
  message: string
}
