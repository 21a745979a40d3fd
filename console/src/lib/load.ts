// Data of a page: loaded when the page is shown, again on request and, with `everyMs`, while the page is visible.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from './api';

export interface Loaded<T> {
  data: T | undefined;
  error: ApiError | undefined;
  loading: boolean;
  reload: () => void;
}

export function useLoad<T>(load: () => Promise<T>, dependencies: unknown[], everyMs = 0): Loaded<T> {
  const [state, setState] = useState<{ data?: T; error?: ApiError; loading: boolean }>({ loading: true });
  const turn = useRef(0);
  const run = useCallback(() => {
    const mine = ++turn.current;
    setState((s) => ({ ...s, loading: true }));
    load().then(
      (data) => mine === turn.current && setState({ data, loading: false }),
      (e: unknown) => mine === turn.current && setState((s) => ({ data: s.data, error: asApiError(e), loading: false })),
    );
  }, dependencies);
  useEffect(() => {
    setState({ loading: true });
    run();
    const timer = everyMs > 0 ? setInterval(() => document.hidden || run(), everyMs) : undefined;
    return () => {
      turn.current++;
      clearInterval(timer);
    };
  }, [run, everyMs]);
  return { data: state.data, error: state.error, loading: state.loading, reload: run };
}

export function asApiError(e: unknown): ApiError {
  return e instanceof ApiError ? e : new ApiError(0, { code: '', message: String(e) });
}
