// Issues and verifies with what others use, and measures how many a second one core does, in CPU time of this process.
// Reads {"work": "issue" | "verify", "documents": [our credentials without a proof, ...], "rounds": n} from standard
// input; answers {"digitalBazaar": rate, "openAttestation": rate}.
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey';
import * as suites from '@digitalbazaar/ecdsa-jcs-2019-cryptosuite';
import jsigs from 'jsonld-signatures';
import * as openAttestation from '@govtechsg/open-attestation';
import * as oaVerify from '@govtechsg/oa-verify';
import {Wallet} from 'ethers';

const {AssertionProofPurpose} = jsigs.purposes;
const request = JSON.parse(await new Promise(resolve => {
  const chunks = [];
  process.stdin.on('data', chunk => chunks.push(chunk)).on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
}));

async function digitalBazaar() {
  const pair = await EcdsaMultikey.generate({controller: request.documents[0].issuer.id, curve: 'P-256'});
  const {publicKeyMultibase} = await pair.export({publicKey: true});
  pair.id = `${pair.controller}#${publicKeyMultibase}`;
  const key = {
    '@context': 'https://w3id.org/security/multikey/v1', id: pair.id, type: 'Multikey', controller: pair.controller,
    publicKeyMultibase,
  };
  const controller = {'@context': ['https://www.w3.org/ns/did/v1'], id: pair.controller, assertionMethod: [key]};
  const documentLoader = async url => {
    const document = {[pair.id]: key, [pair.controller]: controller}[url];
    if(!document) { throw new Error(`not loadable: ${url}`); }
    return {documentUrl: url, document, contextUrl: null};
  };
  const sign = async document => {
    const suite = new DataIntegrityProof({signer: pair.signer(), cryptosuite: suites.createSignCryptosuite()});
    suite.verificationMethod = pair.id;
    return jsigs.sign(structuredClone(document), {suite, purpose: new AssertionProofPurpose(), documentLoader});
  };
  const verify = async secured => {
    const suite = new DataIntegrityProof({cryptosuite: suites.createVerifyCryptosuite()});
    const result = await jsigs.verify(secured, {suite, purpose: new AssertionProofPurpose(), documentLoader});
    if(!result.verified) { throw new Error(`not verified: ${result.error}`); }
  };
  return {sign, verify};
}

async function openAttestationV2() {
  const wallet = Wallet.createRandom();
  const did = `did:ethr:${wallet.address}`;
  const keys = {public: `${did}#controller`, private: wallet.privateKey};
  const sign = async document => {
    const data = {
      ...document.credentialSubject,
      issuers: [{
        id: did, name: document.issuer.name, revocation: {type: 'NONE'},
        identityProof: {type: 'DID', key: keys.public},
      }],
    };
    return openAttestation.signDocument(
      openAttestation.wrapDocument(data), openAttestation.SUPPORTED_SIGNING_ALGORITHM.Secp256k1VerificationKey2018, keys);
  };
  const resolver = {
    resolve: async () => ({
      didResolutionMetadata: {}, didDocumentMetadata: {},
      didDocument: {
        id: did, verificationMethod: [{
          id: keys.public, type: 'EcdsaSecp256k1RecoveryMethod2020', controller: did,
          blockchainAccountId: `eip155:1:${wallet.address}`, ethereumAddress: wallet.address,
        }],
      },
    }),
  };
  const {openAttestationHash, openAttestationDidSignedDocumentStatus, verificationBuilder} = oaVerify;
  // Without a network: the hash and the signature; the DID document is given.
  const check = verificationBuilder([openAttestationHash, openAttestationDidSignedDocumentStatus], {resolver, provider: {}});
  const verify = async wrapped => {
    const fragments = await check(wrapped);
    const bad = fragments.filter(fragment => fragment.status !== 'VALID');
    if(bad.length) { throw new Error(`not verified: ${JSON.stringify(bad)}`); }
  };
  return {sign, verify};
}

async function rate(work, items) {
  const rates = [];
  for(let round = 0; round < request.rounds; round++) {
    const started = process.cpuUsage();
    for(const item of items) { await work(item); }
    const {user, system} = process.cpuUsage(started);
    rates.push(items.length / ((user + system) / 1e6));
  }
  return rates.sort((one, other) => one - other)[Math.floor(rates.length / 2)];
}

const answer = {};
for(const [name, make] of Object.entries({digitalBazaar, openAttestation: openAttestationV2})) {
  const {sign, verify} = await make();
  const signed = [];
  for(const document of request.documents) { signed.push(await sign(document)); }
  await verify(signed[0]);
  answer[name] = request.work === 'issue' ? await rate(sign, request.documents) : await rate(verify, signed);
}
process.stdout.write(JSON.stringify(answer));
process.exit(0);
