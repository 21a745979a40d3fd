// Requests to the HTTP API of the server that this page came from.
import type { ErrorRecord, Me } from './types';

export class ApiError extends Error {
  readonly status: number;
  readonly record: ErrorRecord;

  constructor(status: number, record: ErrorRecord) {
    super(record.message);
    this.status = status;
    this.record = record;
  }
}

let csrfToken: string | null = null;
let onSignedOut: () => void = () => {};

// Called when the server says that nobody is signed in any more.
export function whenSignedOut(callback: () => void): void {
  onSignedOut = callback;
}

export function useCsrfToken(token: string | null): void {
  csrfToken = token;
}

// A path with its variable parts percent-encoded: path`/clusters/${name}/users`.
export function path(parts: TemplateStringsArray, ...names: (string | number)[]): string {
  return parts.reduce((all, part, i) => all + encodeURIComponent(String(names[i - 1])) + part);
}

async function errorOf(response: Response): Promise<ApiError> {
  let record: ErrorRecord = { code: '', message: `${response.status} ${response.statusText}` };
  try {
    record = (await response.json()).error ?? record;
  } catch {
    // not the server's own answer: the status has to do
  }
  return new ApiError(response.status, record);
}

async function request<T>(method: string, where: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (method !== 'GET' && csrfToken !== null) headers['X-CSRF-Token'] = csrfToken;
  let response: Response;
  try {
    response = await fetch(`/api/v2${where}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
    });
  } catch {
    throw new ApiError(0, { code: '', message: 'unreachable' });
  }
  if (!response.ok) {
    const error = await errorOf(response);
    if (response.status === 401 && where !== '/login') onSignedOut();
    throw error;
  }
  return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
}

export const api = {
  get: <T>(where: string): Promise<T> => request<T>('GET', where),
  post: <T = void>(where: string, body: unknown = {}): Promise<T> => request<T>('POST', where, body),
  patch: <T = void>(where: string, body: unknown): Promise<T> => request<T>('PATCH', where, body),
  delete: (where: string): Promise<void> => request<void>('DELETE', where),
};

// Who is signed in, or null. Takes over the CSRF token.
export async function whoAmI(): Promise<Me | null> {
  try {
    const me = await api.get<Me>('/me');
    useCsrfToken(me.csrf_token);
    return me;
  } catch (e) {
    if (e instanceof ApiError && e.status === 401) return null;
    throw e;
  }
}
