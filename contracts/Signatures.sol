// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC7913SignatureVerifier} from "@openzeppelin/contracts/interfaces/IERC7913.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ERC7913WebAuthnVerifier} from "@openzeppelin/contracts/utils/cryptography/verifiers/ERC7913WebAuthnVerifier.sol";

/// @title Who signed: signatures by keys, by contracts and by passkeys.
/// @notice Each ledger deploys its own and asks no other; it keeps nothing. It is the ERC-7913 verifier of the ledger's
/// passkeys as well.
/// @dev Apart from the ledger because of the limit of 24,576 bytes of code (EIP-170).
contract Signatures is ERC7913WebAuthnVerifier {
    /// @dev Bytes of a passkey's ERC-7913 signer: the verifier's address, and the key's x and y.
    uint256 private constant PASSKEY_SIGNER = 84;
    bytes32 private constant PASSKEY_TYPEHASH = keccak256("KilnmarkPasskey(bytes32 x,bytes32 y)");

    /// @notice Tells whether `signature` of `digest` is by `signer`: its key, its contract or its passkey.
    /// @dev ECDSA is tried first, so that an account with delegated code (EIP-7702) still signs with its own key.
    /// Contracts are asked by `staticcall`: they cannot act while they are asked, and one that never ends only spends
    /// the gas of whoever sent the transaction.
    function isSignedBy(address signer, bytes32 digest, bytes calldata signature) external view returns (bool) {
        if (isKeySignature(signer, digest, signature)) return true;
        if (signer.code.length != 0) {
            return SignatureChecker.isValidERC1271SignatureNowCalldata(signer, digest, signature);
        }
        return _isPasskeySignature(signer, digest, signature);
    }

    /// @notice Tells whether `signature` is an ECDSA signature of 65 bytes with a low s by the key of `signer`.
    function isKeySignature(address signer, bytes32 digest, bytes calldata signature) public pure returns (bool) {
        (address recovered, ECDSA.RecoverError problem, ) = ECDSA.tryRecoverCalldata(digest, signature);
        return problem == ECDSA.RecoverError.NoError && recovered == signer;
    }

    /// @notice Returns the holder address of a passkey.
    /// @dev The pre-image has 96 bytes and begins with a type: no public key (64 bytes) and no CREATE2 address (85)
    /// comes from such. The verifier is left out, so that a holder stays the same holder on a successor.
    function passkeyHolder(bytes32 x, bytes32 y) public pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode(PASSKEY_TYPEHASH, x, y)))));
    }

    /// @dev Only this contract is believed as a verifier: one that the signer names could say yes to all.
    function _isPasskeySignature(address signer, bytes32 digest, bytes calldata signature) private view returns (bool) {
        if (signature.length <= PASSKEY_SIGNER || address(bytes20(signature[:20])) != address(this)) return false;
        bytes calldata key = signature[20:PASSKEY_SIGNER];
        if (passkeyHolder(bytes32(key[:32]), bytes32(key[32:])) != signer) return false;
        return verify(key, digest, signature[PASSKEY_SIGNER:]) == IERC7913SignatureVerifier.verify.selector;
    }
}
