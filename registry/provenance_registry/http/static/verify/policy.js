// The trust policy: which one ledger is believed, through which nodes, and how deep an anchor must lie. Whoever verifies has
// it from elsewhere than from the registry whose piece is in question.

import {must} from './errors.js';
import {hexText} from './encoding.js';
import {isBase} from './certificate.js';
import {canonical, members} from './json.js';
import {serverOf} from './quorum.js';

const NAMES = ['type', 'version', 'ledger', 'nodes', 'confirmations'];
const LEDGER = ['chainId', 'genesis', 'contract', 'codeHash', 'deploymentId'];

/** The policy again, with the members that may be left out; throws `Malformed`. */
export function readPolicy(policy) {
  members(policy, 'policy', NAMES, ['registry', 'predecessors', 'agreeing']);
  const {predecessors = [], agreeing = 1} = policy, {type, version, nodes, confirmations, ledger, registry} = policy;
  must(type === 'KilnmarkTrustPolicy' && version === 1, 'not-a-policy');
  must(Number.isSafeInteger(confirmations) && confirmations >= 1 && confirmations <= 10000, 'bad-policy', 'confirmations');
  must(Array.isArray(nodes) && nodes.length <= 8 && nodes.every(node => typeof node === 'string' && /^https?:\/\/[!-~]+$/.test(node)), 'bad-policy', 'nodes');
  must(Number.isSafeInteger(agreeing) && agreeing >= 1 && agreeing <= Math.max(1, new Set(nodes.map(serverOf)).size), 'bad-policy', 'agreeing');
  must(Array.isArray(predecessors) && predecessors.length <= 8, 'bad-policy', 'predecessors');
  must(registry === undefined || isBase(registry), 'not-a-policy', 'registry');
  for(const {chainId, contract, ...hashes} of [ledger, ...predecessors].map(one => members(one, 'ledger', LEDGER))) {
    must(Number.isSafeInteger(chainId), 'bad-policy', 'chainId');
    hexText(contract, 20, 'contract');
    Object.values(hashes).forEach(hash => hexText(hash, 32, 'ledger'));
  }
  must(new Set([ledger, ...predecessors].map(one => canonical(one))).size === 1 + predecessors.length, 'bad-policy', 'predecessors');
  return {ledger, nodes, confirmations, predecessors, agreeing};
}
