// The whole answer about a piece: what each finding is of, and the one outcome that findings add up to.

const CHECKS = [ // By number; what stands for an outcome forces it.
  {'well-formed': ''},
  {signed: '', altered: 'NOT_AUTHENTIC'},
  {included: '', 'not-included': 'NOT_AUTHENTIC', 'not-anchored': 'PENDING'},
  {
    anchored: '', 'not-on-ledger': 'NOT_AUTHENTIC', 'foreign-ledger': 'NOT_AUTHENTIC', 'stale-receipt': 'INCONCLUSIVE',
    'not-confirmed': 'PENDING', 'ledger-behind': 'INCONCLUSIVE', 'ledger-unreachable': 'INCONCLUSIVE', offline: 'INCONCLUSIVE',
    'nodes-disagree': 'INCONCLUSIVE',
  },
  {
    accredited: '', 'not-accredited': 'NOT_AUTHENTIC', 'wrong-key': 'NOT_AUTHENTIC', 'key-not-valid': 'NOT_AUTHENTIC',
    'wrong-issuer': 'NOT_AUTHENTIC', 'studio-not-checked': 'INCONCLUSIVE',
  },
  {
    'token-agrees': '', 'wrong-token': 'NOT_AUTHENTIC', 'other-serial': 'NOT_AUTHENTIC', 'amendment-missing': 'INCONCLUSIVE',
    'amendment-unknown': 'INCONCLUSIVE', 'amendment-void': 'INCONCLUSIVE', 'bad-amendment': 'NOT_AUTHENTIC',
    'token-not-checked': 'INCONCLUSIVE',
  },
  {
    active: '', revoked: 'NOT_AUTHENTIC', 'on-hold': 'INCONCLUSIVE', 'held-by-guild': 'INCONCLUSIVE',
    'status-not-checked': 'INCONCLUSIVE',
  },
  {'photos-agree': '', 'no-photos': '', 'photos-not-checked': '', 'photo-changed': 'NOT_AUTHENTIC'},
  {'other-host': 'INCONCLUSIVE', 'tag-unproven': ''},
];
const LAST_DECIDING = 6; // Photos need not be at hand, and a tag proves nothing: all before must have passed.
const GRAVITY = ['NOT_AUTHENTIC', 'INCONCLUSIVE', 'PENDING'];

/** The verdict on the codes that were found, in the order in which they were. */
export function conclude(codes) {
  const findings = CHECKS.flatMap((known, check) => {
    const found = codes.filter(code => code in known);
    return (found.length ? found : ['not-reached']).map(code => ({check, code}));
  });
  for(const outcome of GRAVITY) {
    const first = findings.find(({check, code}) => CHECKS[check][code] === outcome);
    if(first) { return {outcome, reason: first.code, findings}; }
  }
  const isDecided = findings.every(({check, code}) => check > LAST_DECIDING || code !== 'not-reached');
  return {...(isDecided ? {outcome: 'AUTHENTIC', reason: 'authentic'} : {outcome: 'INCONCLUSIVE', reason: 'not-reached'}), findings};
}
