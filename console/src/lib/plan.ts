// EXPLAIN's text as a tree.
//
//   distribution: local
//
//   • filter
//   │ filter: balance > 500
//   │
//   └── • scan
//         table: accounts@accounts_pkey
export interface PlanNode {
  name: string;
  attributes: [string, string][];
  children: PlanNode[];
}
export interface Plan {
  properties: [string, string][];
  root: PlanNode | null;
}

function attribute(text: string): [string, string] {
  const at = text.indexOf(': ');
  return at < 0 ? [text.replace(/:$/, ''), ''] : [text.slice(0, at), text.slice(at + 2)];
}

export function parsePlan(lines: string[]): Plan {
  const plan: Plan = { properties: [], root: null };
  const open: { column: number; node: PlanNode }[] = [];
  for (const line of lines) {
    const bullet = line.indexOf('•');
    const text = line.replace(/^[\s│├└─]+/, '').trim();
    if (bullet >= 0 && /^[\s│├└─]*•/.test(line)) {
      const node: PlanNode = { name: line.slice(bullet + 1).trim(), attributes: [], children: [] };
      while (open.length > 0 && open[open.length - 1].column >= bullet) open.pop();
      if (open.length > 0) open[open.length - 1].node.children.push(node);
      else if (plan.root === null) plan.root = node;
      else plan.root.children.push(node);
      open.push({ column: bullet, node });
    } else if (text !== '') {
      (open.length > 0 ? open[open.length - 1].node.attributes : plan.properties).push(attribute(text));
    }
  }
  return plan;
}
