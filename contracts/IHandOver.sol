// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Hand-overs: how a piece passes from holder to holder.
/// @notice The holder signs a `Release` that names a one-time claim key; whoever has that key signs a `Claim` that names
/// the new holder; anybody may send both. A scratch-off code, a gift, a resale and an inheritance are all this. Nothing
/// is on the chain until the claim.
/// @dev Who signs for a holder: the holder itself, by its key (ECDSA, tried first, so that an account with delegated
/// code keeps its key), by ERC-1271 where it is a contract, or by a passkey; and for a piece that its own studio holds,
/// the studio's controller. A passkey's signature is its ERC-7913 signer, exactly 84 bytes (`passkeyVerifier()` and the
/// key's x and y), followed by the ABI-encoded `WebAuthnAuth`; its holder address is `passkeyHolder(x, y)`.
///
/// The EIP-712 types, in the domain that `eip712Domain()` tells:
/// `Release(uint256 tokenId,address claimKey,uint256 nonce,uint256 deadline)`
/// `Claim(uint256 tokenId,address newHolder,uint256 nonce,uint256 deadline)`
/// `CancelReleases(uint256 tokenId,uint256 nonce,uint256 deadline)`
/// `ReportLost(uint256 tokenId,uint256 nonce,uint256 deadline)`
/// `ReportFound(uint256 tokenId,uint256 nonce,uint256 deadline)`
/// `VetoRecovery(uint256 tokenId,uint256 nonce,uint256 deadline)`
/// `nonce` is the piece's, `holding(tokenId).nonce`; a deadline is the last second at which the signature counts, 0 for
/// until cancelled.
interface IHandOver {
    /// @notice What a holder may order by signature, beside a release.
    enum HolderOrder {
        CANCEL_RELEASES,
        REPORT_LOST,
        REPORT_FOUND,
        VETO_RECOVERY
    }

    /// @notice What a release and a claim agree on.
    /// @param tokenId The piece.
    /// @param claimKey The address of the one-time key.
    /// @param newHolder Who holds the piece afterwards.
    /// @param nonce The piece's number of moves, reports and cancellations.
    /// @param releaseDeadline The deadline that the holder signed.
    /// @param claimDeadline The deadline that the claim key signed.
    struct HandOver {
        uint256 tokenId;
        address claimKey;
        address newHolder;
        uint256 nonce;
        uint256 releaseDeadline;
        uint256 claimDeadline;
    }

    /// @notice Who holds a piece, and what stands in the way of a hand-over.
    /// @param holder The owner of the token.
    /// @param signer Who signs for the holder: itself, or the controller of the studio that made and holds the piece.
    /// @param nonce What the next release, claim, report or cancellation must carry.
    /// @param lostSince When the holder reported the piece lost; 0 for not lost.
    /// @param foundFrom When that report lapses, as the holder asked; 0 where it does not.
    /// @param barred Whether the piece's studio holds it and is suspended.
    /// @param exemptKey The claim key whose release counts although the studio is suspended; zero for none.
    /// @param heir Who will hold the piece once a recovery is executed; zero for no recovery.
    /// @param recoveryFrom When the recovery may be executed.
    struct Holding {
        address holder;
        address signer;
        uint64 nonce;
        uint64 lostSince;
        uint64 foundFrom;
        bool barred;
        address exemptKey;
        address heir;
        uint64 recoveryFrom;
    }

    /// @notice A piece passed to another holder; `nonce` is the piece's from now on.
    event Moved(uint256 indexed tokenId, address indexed from, address indexed to, uint64 nonce);
    /// @notice All releases of a piece with an earlier nonce are void; `nonce` is the piece's from now on.
    event ReleasesCancelled(uint256 indexed tokenId, uint64 nonce);
    /// @notice The holder reported a piece lost, `since` then; `nonce` is the piece's from now on.
    event ReportedLost(uint256 indexed tokenId, uint64 since, uint64 nonce);
    /// @notice A report of loss lapses at `from`; a steward's word counts at once.
    event ReportedFound(uint256 indexed tokenId, uint64 from, uint64 nonce);
    /// @notice A steward proposed that `heir` hold a piece; from `from` on anybody may execute it.
    event RecoveryProposed(uint256 indexed tokenId, address indexed holder, address indexed heir, uint64 from);
    /// @notice The holder vetoed a recovery, or a steward withdrew it.
    event RecoveryVetoed(uint256 indexed tokenId, address heir, bool bySteward);
    /// @notice A steward let the release of a piece to one claim key count although its studio is suspended.
    event ExemptionSet(uint256 indexed tokenId, address claimKey);

    /// @notice Only the one who signs for the piece's holder may do this.
    error NotTheHolder(uint256 tokenId, address account);
    /// @notice The piece moved, or a report or a cancellation came in between.
    error WrongPieceNonce(uint256 tokenId, uint256 expected, uint256 actual);
    /// @notice The signature is not that of the one who signs for the holder.
    error InvalidHolderSignature(uint256 tokenId, address signer);
    /// @notice The claim is not signed by the claim key that the holder named.
    error InvalidClaimSignature(uint256 tokenId, address claimKey);
    /// @notice A piece is not handed over to nobody.
    error InvalidHolder(uint256 tokenId, address newHolder);
    /// @notice A lost piece changes hands by a recovery only.
    error PieceIsLost(uint256 tokenId, uint64 since);
    /// @notice The piece is not reported lost.
    error PieceIsNotLost(uint256 tokenId);
    /// @notice A suspended studio sets no status, and orders nothing about the pieces that it holds, but for a release to
    /// the claim key that a steward exempted.
    error StudioIsSuspended(address studio, uint256 tokenId);
    /// @notice A studio's own pieces are not recovered: a steward gives the studio another controller.
    error HeldByItsStudio(uint256 tokenId, address studio);
    /// @notice Nobody proposed a recovery of the piece, or it was vetoed, or the piece moved.
    error NoRecovery(uint256 tokenId);
    /// @notice The holder can still veto the recovery.
    error RecoveryTooEarly(uint256 tokenId, uint64 from);

    /// @notice Does what a holder signed; anybody may send it.
    /// @param order Which of the four: `CancelReleases`, `ReportLost`, `ReportFound` or `VetoRecovery`.
    /// @param tokenId The piece.
    /// @param nonce The piece's nonce.
    /// @param deadline The last second at which the order counts; 0 for until cancelled.
    /// @param signature The signature by the one who signs for the holder.
    function holderOrderFor(
        HolderOrder order,
        uint256 tokenId,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice Hands a piece over; anybody may send it.
    /// @param handOver What both signed.
    /// @param releaseSignature The signature of `Release` by the one who signs for the holder.
    /// @param claimSignature The ECDSA signature of `Claim` by the claim key.
    function claim(HandOver calldata handOver, bytes calldata releaseSignature, bytes calldata claimSignature) external;

    /// @notice Voids all releases that carry the piece's present nonce. For the one who signs for its holder. Who may
    /// have signed for a later nonce, tricked by a page, must hand the piece to a new key of its own.
    function cancelReleases(uint256 tokenId) external;

    /// @notice Reports a piece lost, or once more: releases are void, and it cannot be claimed. For the one who signs for
    /// its holder.
    function reportLost(uint256 tokenId) external;

    /// @notice Takes a report of loss back: for a steward at once, for the one who signs for the holder after
    /// `FOUND_DELAY`, within which a new report of loss undoes it: a thief may have the key too.
    function reportFound(uint256 tokenId) external;

    /// @notice Proposes that `heir` hold a piece whose holder lost the key or died. For STEWARD_ROLE. Anybody may execute
    /// it after `RECOVERY_DELAY`; the holder can veto until it is executed, and moving the piece voids it. A new proposal
    /// takes the place of an earlier one, with its own delay.
    function proposeRecovery(uint256 tokenId, address heir) external;

    /// @notice Ends a recovery. For the one who signs for the holder, or STEWARD_ROLE.
    function vetoRecovery(uint256 tokenId) external;

    /// @notice Executes a recovery that nobody vetoed in time; anybody may send it. A report of loss stays.
    function executeRecovery(uint256 tokenId) external;

    /// @notice Lets the release of a piece to one claim key count although its studio is suspended, for a buyer who paid
    /// before. For STEWARD_ROLE. It names the key, so that whoever stole the studio's cannot release to another one; it
    /// ends when the piece's nonce rises, and zero takes it back.
    function setExemption(uint256 tokenId, address claimKey) external;

    /// @notice Returns who holds a piece, and what stands in the way of a hand-over.
    function holding(uint256 tokenId) external view returns (Holding memory);

    /// @notice Returns the holder address of a passkey, the same on every ledger.
    /// @param x The P-256 public key's x.
    /// @param y Its y.
    function passkeyHolder(bytes32 x, bytes32 y) external view returns (address);

    /// @notice Returns the one ERC-7913 verifier that passkeys are checked by; the ledger deployed it itself.
    function passkeyVerifier() external view returns (address);

    /// @notice Tells whether holders may also transfer and approve as with any ERC-721, once the studio handed over.
    function transferable() external view returns (bool);
}
