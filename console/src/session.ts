// Who is signed in, for every component.
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Me } from './lib/types';

export const SessionContext = createContext<Me | null>(null);

// Only below the sign-in page.
export function useMe(): Me {
  const me = useContext(SessionContext);
  if (me === null) throw new Error('nobody is signed in');
  return me;
}

export function useAdmin(): boolean {
  return useMe().user.admin;
}
