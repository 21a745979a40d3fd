// What the page of a cluster gives to the page inside it.
import type { Cluster } from '../lib/types';

export interface ClusterPageProps {
  cluster: Cluster;
  rest: string[]; // what follows the page in the route
  query: URLSearchParams;
  reload: () => void;
}
