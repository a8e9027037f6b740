// What can go wrong. None of these is a verdict on a piece: "could not check" is never "altered".

/** What was given is not what it must be in its one exact form: no bundle, no policy, no serial. */
export class Malformed extends Error {
  constructor(code, field = '') {
    super(`${code} ${field}`);
    this.code = code;
    this.field = field;
  }
}

/** The ledger gave no answer that can be used; `code` is the finding's. */
export class Unanswered extends Error {
  constructor(why, code = 'ledger-unreachable') {
    super(why);
    this.code = code;
  }
}

/** This browser cannot check signatures: WebCrypto is there on https and on localhost only. */
export class Unable extends Error {}

/** Throws `Malformed` unless the condition holds. */
export function must(condition, code, field) {
  if(!condition) { throw new Malformed(code, field); }
}
