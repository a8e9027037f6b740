// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControlDefaultAdminRules} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {IERC4906} from "@openzeppelin/contracts/interfaces/IERC4906.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {IERC5192} from "./IERC5192.sol";
import {IHandOver} from "./IHandOver.sol";
import {Studios} from "./Studios.sol";

/// @title Who holds a piece: ERC-721 with owners implied by lots, hand-overs, loss and recovery.
/// @dev See `IHandOver`. There is no burn: with nothing stored for a token, its lot would give it back to the studio.
/// The receiver of a piece is never called, unless it is sent by `safeTransferFrom` on a transferable ledger.
abstract contract Holdings is IHandOver, IERC5192, IERC4906, Studios, ERC721 {
    /// @notice Seconds between a holder's word that a lost piece is found and the end of the loss.
    uint64 public constant FOUND_DELAY = 7 days;
    /// @notice Seconds in which a holder can veto a recovery, at least.
    uint64 public constant RECOVERY_DELAY = 30 days;

    bytes32 private constant RELEASE_TYPEHASH = keccak256(
        "Release(uint256 tokenId,address claimKey,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant CLAIM_TYPEHASH = keccak256(
        "Claim(uint256 tokenId,address newHolder,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant CANCEL_TYPEHASH = keccak256(
        "CancelReleases(uint256 tokenId,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant LOST_TYPEHASH = keccak256("ReportLost(uint256 tokenId,uint256 nonce,uint256 deadline)");
    bytes32 private constant FOUND_TYPEHASH = keccak256("ReportFound(uint256 tokenId,uint256 nonce,uint256 deadline)");
    bytes32 private constant VETO_TYPEHASH = keccak256("VetoRecovery(uint256 tokenId,uint256 nonce,uint256 deadline)");

    /// @dev One slot: a studio's share of a batch.
    struct Lot {
        address studio;
        uint32 count;
        uint32 anchorId;
        uint32 offset;
    }

    /// @dev One slot. `nonce` counts moves, reports and cancellations. A report of loss lapses at `foundFrom`.
    struct TokenState {
        Status status;
        bool bySteward;
        uint48 statusAt;
        uint48 lostSince;
        uint48 foundFrom;
        uint64 nonce;
    }

    /// @dev One slot.
    struct Recovery {
        address heir;
        uint64 from;
    }

    /// @inheritdoc IHandOver
    bool public immutable transferable;

    mapping(uint256 lotId => Lot) internal _lots;
    mapping(uint256 tokenId => TokenState) internal _states;
    mapping(uint256 tokenId => Recovery) private _recoveries;
    mapping(uint256 tokenId => mapping(uint256 nonce => address claimKey)) private _exemptKeys;

    constructor(bool transferable_) {
        transferable = transferable_;
    }

    // --- hand-over ---------------------------------------------------------------------------------------------

    /// @inheritdoc IHandOver
    function claim(
        HandOver calldata handOver,
        bytes calldata releaseSignature,
        bytes calldata claimSignature
    ) external whenSealed {
        uint256 tokenId = handOver.tokenId;
        _requireInTime(handOver.releaseDeadline);
        _requireInTime(handOver.claimDeadline);
        if (handOver.newHolder == address(0)) revert InvalidHolder(tokenId, address(0));
        (address holder, address signer) = _holderAndSigner(tokenId);
        _requirePieceNonce(tokenId, handOver.nonce);
        _requireReleasable(handOver, holder);
        bytes32 digest = _handOverDigest(
            RELEASE_TYPEHASH,
            tokenId,
            handOver.claimKey,
            handOver.nonce,
            handOver.releaseDeadline
        );
        if (!SIGNATURES.isSignedBy(signer, digest, releaseSignature)) revert InvalidHolderSignature(tokenId, signer);
        digest = _handOverDigest(CLAIM_TYPEHASH, tokenId, handOver.newHolder, handOver.nonce, handOver.claimDeadline);
        if (!SIGNATURES.isKeySignature(handOver.claimKey, digest, claimSignature)) {
            revert InvalidClaimSignature(tokenId, handOver.claimKey);
        }
        _update(handOver.newHolder, tokenId, address(0));
    }

    function _handOverDigest(
        bytes32 typeHash,
        uint256 tokenId,
        address to,
        uint256 nonce,
        uint256 deadline
    ) private view returns (bytes32) {
        return _digest(keccak256(abi.encode(typeHash, tokenId, to, nonce, deadline)));
    }

    /// @inheritdoc IHandOver
    function holderOrderFor(
        HolderOrder order,
        uint256 tokenId,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external whenSealed {
        _requireInTime(deadline);
        (address holder, address signer) = _holderAndSigner(tokenId);
        _requireNotBarred(tokenId, holder);
        _requirePieceNonce(tokenId, nonce);
        bytes32 typeHash =
            order == HolderOrder.CANCEL_RELEASES
                ? CANCEL_TYPEHASH
                : order == HolderOrder.REPORT_LOST
                    ? LOST_TYPEHASH
                    : order == HolderOrder.REPORT_FOUND
                        ? FOUND_TYPEHASH
                        : VETO_TYPEHASH;
        bytes32 digest = _digest(keccak256(abi.encode(typeHash, tokenId, nonce, deadline)));
        if (!SIGNATURES.isSignedBy(signer, digest, signature)) revert InvalidHolderSignature(tokenId, signer);
        // Each of them raises the nonce, so that the signature counts once.
        if (order == HolderOrder.CANCEL_RELEASES) _cancelReleases(tokenId);
        else if (order == HolderOrder.REPORT_LOST) _reportLost(tokenId);
        else if (order == HolderOrder.REPORT_FOUND) _reportFound(tokenId, FOUND_DELAY);
        else _vetoRecovery(tokenId, false);
    }

    /// @inheritdoc IHandOver
    function cancelReleases(uint256 tokenId) external {
        _requireHolder(tokenId);
        _cancelReleases(tokenId);
    }

    function _cancelReleases(uint256 tokenId) private {
        emit ReleasesCancelled(tokenId, _raise(_states[tokenId]));
    }

    /// @inheritdoc IHandOver
    function setExemption(uint256 tokenId, address claimKey) external onlyRoleOrImporter(STEWARD_ROLE) {
        _studioOf(tokenId);
        _exemptKeys[tokenId][_states[tokenId].nonce] = claimKey;
        emit ExemptionSet(tokenId, claimKey);
    }

    // --- loss --------------------------------------------------------------------------------------------------

    /// @inheritdoc IHandOver
    function reportLost(uint256 tokenId) external {
        _requireHolder(tokenId);
        _reportLost(tokenId);
    }

    function _reportLost(uint256 tokenId) private {
        TokenState storage state = _states[tokenId];
        if (_lostSince(state) == 0) state.lostSince = uint48(block.timestamp);
        state.foundFrom = 0;
        emit ReportedLost(tokenId, state.lostSince, _raise(state));
        emit MetadataUpdate(tokenId);
    }

    /// @inheritdoc IHandOver
    function reportFound(uint256 tokenId) external whenSealed {
        if (hasRole(STEWARD_ROLE, msg.sender)) {
            _studioOf(tokenId);
            _reportFound(tokenId, 0);
        } else {
            _requireHolder(tokenId);
            _reportFound(tokenId, FOUND_DELAY);
        }
    }

    function _reportFound(uint256 tokenId, uint64 delay) private {
        TokenState storage state = _states[tokenId];
        if (_lostSince(state) == 0) revert PieceIsNotLost(tokenId);
        state.foundFrom = uint48(block.timestamp) + uint48(delay);
        emit ReportedFound(tokenId, state.foundFrom, _raise(state));
        emit MetadataUpdate(tokenId);
    }

    // --- recovery ----------------------------------------------------------------------------------------------

    /// @inheritdoc IHandOver
    function proposeRecovery(uint256 tokenId, address heir) external whenSealed onlyRole(STEWARD_ROLE) {
        if (heir == address(0)) revert InvalidHolder(tokenId, heir);
        (address holder, ) = _holderAndSigner(tokenId);
        if (holder == _lots[tokenId >> 32].studio) revert HeldByItsStudio(tokenId, holder);
        uint64 from = uint64(block.timestamp) + RECOVERY_DELAY;
        _recoveries[tokenId] = Recovery(heir, from);
        emit RecoveryProposed(tokenId, holder, heir, from);
    }

    /// @inheritdoc IHandOver
    function vetoRecovery(uint256 tokenId) external whenSealed {
        bool bySteward = hasRole(STEWARD_ROLE, msg.sender);
        if (!bySteward) _requireHolder(tokenId);
        _vetoRecovery(tokenId, bySteward);
    }

    /// @dev A holder's veto counts as a cancellation, so that its signature counts once; a steward voids no release.
    function _vetoRecovery(uint256 tokenId, bool bySteward) private {
        address heir = _recoveries[tokenId].heir;
        if (heir == address(0)) revert NoRecovery(tokenId);
        delete _recoveries[tokenId];
        emit RecoveryVetoed(tokenId, heir, bySteward);
        if (!bySteward) _cancelReleases(tokenId);
    }

    /// @inheritdoc IHandOver
    function executeRecovery(uint256 tokenId) external whenSealed {
        Recovery memory recovery = _recoveries[tokenId];
        if (recovery.heir == address(0)) revert NoRecovery(tokenId);
        if (block.timestamp < recovery.from) revert RecoveryTooEarly(tokenId, recovery.from);
        _update(recovery.heir, tokenId, address(0));
    }

    // --- reading -----------------------------------------------------------------------------------------------

    /// @inheritdoc IHandOver
    function holding(uint256 tokenId) external view returns (Holding memory result) {
        TokenState storage state = _states[tokenId];
        (result.holder, result.signer) = _holderAndSigner(tokenId);
        result.nonce = state.nonce;
        result.lostSince = _lostSince(state);
        if (result.lostSince != 0) result.foundFrom = state.foundFrom;
        result.barred = _isBarred(tokenId, result.holder);
        result.exemptKey = _exemptKeys[tokenId][state.nonce];
        (result.heir, result.recoveryFrom) = (_recoveries[tokenId].heir, _recoveries[tokenId].from);
    }

    /// @inheritdoc IHandOver
    function passkeyHolder(bytes32 x, bytes32 y) external view returns (address) {
        return SIGNATURES.passkeyHolder(x, y);
    }

    /// @inheritdoc IHandOver
    function passkeyVerifier() external view returns (address) {
        return address(SIGNATURES);
    }

    /// @dev The studio of a token's lot; reverts where there is no such token.
    function _studioOf(uint256 tokenId) internal view returns (address) {
        Lot storage lot = _lots[tokenId >> 32];
        if (uint32(tokenId) >= lot.count) revert UnknownToken(tokenId);
        return lot.studio;
    }

    /// @dev A studio's controller signs for the pieces that the studio made and holds, and for no others: a steward
    /// who gives a studio another controller must not reach what buyers hold.
    function _holderAndSigner(uint256 tokenId) private view returns (address holder, address signer) {
        address studio = _studioOf(tokenId);
        holder = _ownerOf(tokenId);
        signer = holder == studio ? _controllerOf(studio) : holder;
    }

    /// @dev 64 bits are never counted through.
    function _raise(TokenState storage state) private returns (uint64) {
        unchecked {
            return ++state.nonce;
        }
    }

    function _lostSince(TokenState storage state) internal view returns (uint64) {
        return state.foundFrom != 0 && block.timestamp >= state.foundFrom ? 0 : state.lostSince;
    }

    function _isBarred(uint256 tokenId, address holder) private view returns (bool) {
        return holder == _lots[tokenId >> 32].studio && _isSuspended(holder);
    }

    function _requireReleasable(HandOver calldata handOver, address holder) private view {
        uint256 tokenId = handOver.tokenId;
        _requireNotLost(tokenId);
        // Of what a suspended studio released, only what a steward exempted counts.
        if (_isBarred(tokenId, holder) && _exemptKeys[tokenId][handOver.nonce] != handOver.claimKey) {
            revert StudioIsSuspended(holder, tokenId);
        }
    }

    function _requireNotBarred(uint256 tokenId, address holder) private view {
        if (_isBarred(tokenId, holder)) revert StudioIsSuspended(holder, tokenId);
    }

    function _requireNotLost(uint256 tokenId) private view {
        uint64 since = _lostSince(_states[tokenId]);
        if (since != 0) revert PieceIsLost(tokenId, since);
    }

    function _requireHolder(uint256 tokenId) private view whenSealed {
        (address holder, address signer) = _holderAndSigner(tokenId);
        if (msg.sender != signer) revert NotTheHolder(tokenId, msg.sender);
        _requireNotBarred(tokenId, holder);
    }

    function _requirePieceNonce(uint256 tokenId, uint256 nonce) private view {
        uint256 expected = _states[tokenId].nonce;
        if (nonce != expected) revert WrongPieceNonce(tokenId, expected, nonce);
    }

    // --- ERC-721: owners implied by lots, locked -----------------------------------------------------------------

    /// @dev Before the first hand-over nothing is stored for a token, and its lot tells the owner.
    function _ownerOf(uint256 tokenId) internal view override returns (address) {
        address owner = super._ownerOf(tokenId);
        if (owner != address(0)) return owner;
        Lot storage lot = _lots[tokenId >> 32];
        return uint32(tokenId) < lot.count ? lot.studio : address(0);
    }

    /// @dev Every way for a token to change hands comes through here, but for an import.
    function _update(address to, uint256 tokenId, address auth) internal override returns (address from) {
        from = super._update(to, tokenId, auth);
        TokenState storage state = _states[tokenId];
        delete _recoveries[tokenId];
        emit Moved(tokenId, from, to, _raise(state));
        _tellLock(tokenId, from, to);
    }

    /// @dev A holder as the predecessor had it: the balances follow, and no nonce rises.
    function _importHolder(uint256 tokenId, address holder) internal {
        if (holder != _ownerOf(tokenId)) _tellLock(tokenId, super._update(holder, tokenId, address(0)), holder);
    }

    function _tellLock(uint256 tokenId, address from, address to) private {
        if (!transferable) return;
        address studio = _lots[tokenId >> 32].studio;
        if (to == studio) emit Locked(tokenId);
        else if (from == studio) emit Unlocked(tokenId);
    }

    /// @inheritdoc IERC5192
    function locked(uint256 tokenId) public view returns (bool) {
        address owner = _requireOwned(tokenId);
        return !transferable || owner == _lots[tokenId >> 32].studio;
    }

    /// @inheritdoc IERC721
    function approve(address to, uint256 tokenId) public override(ERC721, IERC721) {
        if (locked(tokenId)) revert TokenLocked();
        super.approve(to, tokenId);
    }

    /// @inheritdoc IERC721
    function setApprovalForAll(address operator, bool approved) public override(ERC721, IERC721) {
        if (!transferable) revert TokenLocked();
        super.setApprovalForAll(operator, approved);
    }

    /// @inheritdoc IERC721
    function transferFrom(address from, address to, uint256 tokenId) public override(ERC721, IERC721) whenSealed {
        if (locked(tokenId)) revert TokenLocked();
        _requireNotLost(tokenId);
        super.transferFrom(from, to, tokenId);
    }

    /// @inheritdoc IERC165
    function supportsInterface(
        bytes4 interfaceId
    ) public view virtual override(ERC721, AccessControlDefaultAdminRules, IERC165) returns (bool) {
        return
            interfaceId == type(IERC5192).interfaceId ||
            interfaceId == bytes4(0x49064906) ||
            super.supportsInterface(interfaceId);
    }
}
