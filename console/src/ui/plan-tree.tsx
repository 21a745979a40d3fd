// A plan drawn as a tree: an operator a box, what feeds it below and to the right.
import type { Plan, PlanNode } from '../lib/plan';

export function PlanTree({ plan }: { plan: Plan }) {
  return (
    <div class="plantree">
      {plan.properties.length > 0 && (
        <dl class="planproperties">
          {plan.properties.map(([name, value], i) => (
            <div key={i}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {plan.root && (
        <ul>
          <Node node={plan.root} />
        </ul>
      )}
    </div>
  );
}

function Node({ node }: { node: PlanNode }) {
  const scansAll = node.attributes.some(([name, value]) => name === 'spans' && value.startsWith('FULL SCAN'));
  return (
    <li>
      <div class={scansAll ? 'plannode costly' : 'plannode'}>
        <strong>{node.name}</strong>
        {node.attributes.map(([name, value], i) => (
          <div key={i}>
            <span class="note">{name}</span> {value}
          </div>
        ))}
      </div>
      {node.children.length > 0 && (
        <ul>
          {node.children.map((child, i) => (
            <Node key={i} node={child} />
          ))}
        </ul>
      )}
    </li>
  );
}
