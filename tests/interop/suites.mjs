// Signs and verifies credentials with Digital Bazaar's cryptosuites.
// Reads {"verify": [secured, ...], "sign": [{suite, document, secret?}, ...]} from standard input and answers
// {"verified": [{ok, error?}, ...], "signed": [secured, ...]}.  And {"expand": [document, ...], "contexts": {url:
// context}}, answered by {"expanded": [{ok, expanded | error}, ...]}: JSON-LD in the safe mode, where a member without
// a meaning is an error.
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import * as ecdsa from '@digitalbazaar/ecdsa-jcs-2019-cryptosuite';
import * as eddsa from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import {contexts as credentials} from '@digitalcredentials/credentials-v2-context';
import jsigs from 'jsonld-signatures';
import jsonld from 'jsonld';

const {AssertionProofPurpose} = jsigs.purposes;
const SUITES = {'ecdsa-jcs-2019': ecdsa, 'eddsa-jcs-2022': eddsa};

function loaderFor(method, issuer) {
  const key = {
    '@context': 'https://w3id.org/security/multikey/v1', id: method, type: 'Multikey', controller: issuer,
    publicKeyMultibase: method.slice(method.indexOf('#') + 1),
  };
  const controller = {'@context': ['https://www.w3.org/ns/did/v1'], id: issuer, assertionMethod: [key]};
  return async url => {
    const document = {[method]: key, [issuer]: controller}[url];
    if(!document) { throw new Error(`not loadable: ${url}`); }
    return {documentUrl: url, document, contextUrl: null};
  };
}

async function verify(secured) {
  try {
    const {cryptosuite, verificationMethod} = secured.proof;
    const suite = new DataIntegrityProof({cryptosuite: SUITES[cryptosuite].createVerifyCryptosuite()});
    const documentLoader = loaderFor(verificationMethod, secured.issuer.id);
    const result = await jsigs.verify(secured, {suite, purpose: new AssertionProofPurpose(), documentLoader});
    return {ok: result.verified, error: result.error && JSON.stringify(result.error.errors ?? String(result.error))};
  } catch(error) {
    return {ok: false, error: String(error)};
  }
}

async function sign({suite: name, document}) {
  const Multikey = name === 'ecdsa-jcs-2019' ? EcdsaMultikey : Ed25519Multikey;
  const options = {controller: document.issuer.id};
  const pair = await Multikey.generate(name === 'ecdsa-jcs-2019' ? {...options, curve: 'P-256'} : options);
  const {publicKeyMultibase} = await pair.export({publicKey: true});
  pair.id = `${document.issuer.id}#${publicKeyMultibase}`;
  const suite = new DataIntegrityProof({signer: pair.signer(), cryptosuite: SUITES[name].createSignCryptosuite()});
  suite.verificationMethod = pair.id;
  const documentLoader = loaderFor(pair.id, document.issuer.id);
  return jsigs.sign(document, {suite, purpose: new AssertionProofPurpose(), documentLoader});
}

async function expand(document, contexts) {
  const documentLoader = async url => {
    const found = contexts[url] ?? credentials.get(url);
    if(!found) { throw new Error(`not loadable: ${url}`); }
    return {documentUrl: url, document: found, contextUrl: null};
  };
  try {
    return {ok: true, expanded: await jsonld.expand(document, {documentLoader, safe: true})};
  } catch(error) {
    return {ok: false, error: String(error)};
  }
}

const chunks = [];
for await(const chunk of process.stdin) { chunks.push(chunk); }
const request = JSON.parse(Buffer.concat(chunks).toString('utf8'));
const verified = [];
for(const secured of request.verify ?? []) { verified.push(await verify(secured)); }
const signed = [];
for(const order of request.sign ?? []) { signed.push(await sign(order)); }
const expanded = [];
for(const document of request.expand ?? []) { expanded.push(await expand(document, request.contexts)); }
process.stdout.write(JSON.stringify({verified, signed, expanded}));
