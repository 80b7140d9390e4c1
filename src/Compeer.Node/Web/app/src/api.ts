import { signal } from '@preact/signals'

/** Why the node refused, or that it did not answer (status 0): what, why and what next, in its own words. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly errors: Record<string, string> = {},
  ) {
    super(detail ? `${title}: ${detail}` : title)
  }
}

/** False once the node has said that we are nobody; null before it has said anything. */
export const signedIn = signal<boolean | null>(null)

const TIMEOUT = 30_000

/** Asks the node; JSON there and back. Throws a Problem. */
export async function call<T>(method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: unknown, keepalive = false): Promise<T> {
  const changes = method !== 'GET'
  const isRaw = body instanceof Blob
  const request: RequestInit = { method, signal: AbortSignal.timeout(TIMEOUT), credentials: 'same-origin', keepalive }
  if (changes) request.headers = { 'Content-Type': isRaw ? 'application/x-bittorrent' : 'application/json' }
  if (isRaw) request.body = body
  else if (body !== undefined) request.body = JSON.stringify(body)
  return read<T>(await answer(path, request))
}

/** Like call, and tells whether the node made something new (201) or had it already (200). */
export async function create<T>(path: string, body: unknown): Promise<{ made: boolean; value: T }> {
  const isRaw = body instanceof Blob
  const response = await answer(path, {
    method: 'POST',
    signal: AbortSignal.timeout(TIMEOUT),
    headers: { 'Content-Type': isRaw ? 'application/x-bittorrent' : 'application/json' },
    body: isRaw ? body : JSON.stringify(body),
  })
  return { made: response.status === 201, value: await read<T>(response) }
}

/** The first bytes of a file of a torrent, at most `length`. */
export async function readStart(path: string, length: number): Promise<Uint8Array> {
  const response = await answer(path, { headers: { Range: `bytes=0-${length - 1}` }, signal: AbortSignal.timeout(120_000) })
  if (!response.ok) throw await problemOf(response)
  return new Uint8Array(await response.arrayBuffer())
}

async function answer(path: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(path.startsWith('/') ? path : '/api/v1/' + path, request)
  } catch {
    throw new Problem(0, 'The node does not answer', 'It may be restarting. This page goes on by itself when it is back.')
  }
}

async function read<T>(response: Response): Promise<T> {
  if (!response.ok) {
    const problem = await problemOf(response)
    if (response.status === 401) signedIn.value = false
    throw problem
  }
  if (response.status === 204) return undefined as T
  const text = await response.text()
  return (text ? JSON.parse(text) : undefined) as T
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const body = (await response.json()) as { title?: string; detail?: string; errors?: Record<string, string | string[]> }
    const errors = Object.fromEntries(Object.entries(body.errors ?? {}).map(([key, value]) => [key, String(value)]))
    return new Problem(response.status, body.title ?? response.statusText, body.detail ?? '', errors)
  } catch {
    return new Problem(response.status, `The node answered ${response.status}`, response.statusText)
  }
}

/** Sends a file of this computer to the node's download directory, and tells how far it is (0 to 1). */
export function upload(file: File, onProgress: (fraction: number) => void): { done: Promise<{ path: string }>; cancel: () => void } {
  const request = new XMLHttpRequest()
  const done = new Promise<{ path: string }>((resolve, reject) => {
    request.open('POST', '/api/v1/uploads/' + encodeURIComponent(file.name))
    request.setRequestHeader('Content-Type', 'application/octet-stream')
    request.upload.onprogress = event => onProgress(event.total > 0 ? event.loaded / event.total : 0)
    request.onload = () => {
      if (request.status === 201) resolve(JSON.parse(request.responseText) as { path: string })
      else void problemOf(new Response(request.responseText, { status: request.status || 500 })).then(reject)
    }
    request.onerror = () => reject(new Problem(0, 'The file did not arrive', 'The connection to the node broke. Try again.'))
    request.onabort = () => reject(new Problem(0, 'Stopped', 'The file was not sent.'))
    request.send(file)
  })
  return { done, cancel: () => request.abort() }
}
