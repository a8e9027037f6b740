// Data Integrity proofs: ecdsa-jcs-2019 on P-256, and eddsa-jcs-2022 on Ed25519.

import {must} from './errors.js';
import {base58, concat, seconds, sha256, utf8} from './encoding.js';
import {canonical, members} from './json.js';
import {isSignedBy, readKey} from './keys.js';

const ALGORITHMS = new Map([['ecdsa-jcs-2019', 'P-256'], ['eddsa-jcs-2022', 'Ed25519']]);
const NAMES = ['type', 'cryptosuite', 'created', 'verificationMethod', 'proofPurpose', 'proofValue'];

/** Reads the one proof of a document: its key, the DID that it names, and the signature, which is not checked yet. */
export function readProof(document) {
  const proof = members(document.proof, 'proof', NAMES, ['@context']);
  must(proof.type === 'DataIntegrityProof', 'bad-proof', 'type');
  must(proof.proofPurpose === 'assertionMethod', 'bad-proof', 'proofPurpose');
  must(!('@context' in proof) || canonical(proof['@context']) === canonical(document['@context']), 'bad-proof', '@context');
  must(ALGORITHMS.has(proof.cryptosuite), 'unknown-suite');
  must(typeof proof.verificationMethod === 'string', 'bad-proof', 'verificationMethod');
  const cut = proof.verificationMethod.indexOf('#');
  const key = readKey(proof.verificationMethod.slice(cut + 1));
  must(cut > 0 && key.algorithm === ALGORITHMS.get(proof.cryptosuite), 'bad-proof', 'verificationMethod');
  must(typeof proof.proofValue === 'string' && proof.proofValue[0] === 'z', 'bad-proof', 'proofValue');
  seconds(proof.created, 'created');
  return {key, did: proof.verificationMethod.slice(0, cut), signature: base58(proof.proofValue.slice(1))};
}

/** Tells whether the proof fits every word of the document. */
export async function isProved(document, {key, signature}) {
  const {proof: {proofValue, ...options}, ...unsecured} = document;
  const hashes = await Promise.all([options, unsecured].map(part => sha256(utf8(canonical(part)))));
  return isSignedBy(key, signature, concat(...hashes));
}
