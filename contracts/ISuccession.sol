// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPieceLedger} from "./IPieceLedger.sol";

/// @title Succession: how a ledger takes over a final state of its predecessor.
/// @notice Until it is sealed, for ever, a ledger deployed with an importer does nothing but import, beside roles and
/// approvals. Anchors and the directory are played again: the importer sets the clock to the time and the block of what
/// happened there, and calls `anchor`, `accredit`, `suspend`, `reinstate`, `addKey`, `shortenKey` and
/// `proposeController` in the order of old, which then count at the original times under the original numbers. What
/// became of pieces, holders, nonces, statuses and amendments, is set by `importPieces` after their anchors;
/// `setExemption` follows it, for exemptions alone that count at the final block, since one is bound to the nonce of
/// then. Recoveries are not imported: a steward proposes them again, so that holders have the whole delay to veto.
/// @dev The ledger cannot know that what it was told is true: anybody can compare it with the predecessor's final block,
/// and a trust policy that names the successor vouches for that. Until it is sealed, its `record` means nothing. What
/// happens at the predecessor after its final block does not count here: losses reported, releases cancelled, studios
/// suspended in between must be told again.
interface ISuccession {
    /// @notice A ledger at a block: the predecessor's final one, or the last one before a successor.
    /// @param ledger The contract.
    /// @param chainId The chain.
    /// @param finalBlock The number of the last block whose state counts.
    struct Deployment {
        address ledger;
        uint64 chainId;
        uint64 finalBlock;
    }

    /// @notice What became of one piece at the predecessor.
    /// @param tokenId The piece.
    /// @param holder Who holds it.
    /// @param nonce Its number of moves, reports and cancellations.
    /// @param status Its status.
    /// @param bySteward Whether a steward set that.
    /// @param statusAt When.
    /// @param lostSince When the holder reported it lost; 0 for not lost. A report taken back and not lapsed yet counts
    /// as lost: its delay would pass while nobody can undo it.
    /// @param newest The digest of the newest amendment; 0 for none.
    /// @param amendedAt When it was recorded.
    /// @param amendments How many there were.
    struct ImportedPiece {
        uint256 tokenId;
        address holder;
        uint64 nonce;
        IPieceLedger.Status status;
        bool bySteward;
        uint48 statusAt;
        uint48 lostSince;
        bytes32 newest;
        uint64 amendedAt;
        uint32 amendments;
    }

    /// @notice What is played again from now on happened at this time, in this block of the predecessor.
    event ClockSet(uint64 time, uint64 blockNumber);
    /// @notice What became of a piece at the predecessor was taken over.
    event PieceImported(uint256 indexed tokenId, ImportedPiece piece);
    /// @notice The number of a studio's next signed order was taken over.
    event OrderNonceImported(address indexed studio, uint256 nonce);
    /// @notice The import is complete and ended for ever; the ledger works.
    event Sealed();
    /// @notice Another ledger takes over the state of this one's block `finalBlock`.
    event SuccessorNamed(address ledger, uint64 chainId, uint64 finalBlock);

    /// @notice The ledger still imports; nothing else works yet.
    error NotSealed();
    /// @notice The import ended, or there never was one.
    error AlreadySealed();
    /// @notice The clock goes forward only, never past now, and is set before anything else is imported.
    error WrongClock(uint64 time);
    /// @notice A ledger's address must not be zero.
    error InvalidDeployment();
    /// @notice A successor is named once.
    error SuccessorKnown(address ledger);

    /// @notice Sets the time and the block at which what is played again happened. For IMPORTER_ROLE, before sealing.
    function setClock(uint64 time, uint64 blockNumber) external;

    /// @notice Imports what became of pieces, after their anchors. For IMPORTER_ROLE, before sealing.
    function importPieces(ImportedPiece[] calldata pieces) external;

    /// @notice Imports the number of a studio's next signed order. For IMPORTER_ROLE, before sealing.
    function importOrderNonce(address studio, uint256 nonce) external;

    /// @notice Ends the import for ever. For IMPORTER_ROLE, before sealing.
    function seal() external;

    /// @notice Names the ledger that takes over, once. For DEFAULT_ADMIN_ROLE. It is a pointer: nothing stops here, and
    /// what happens after the final block does not count there.
    function nameSuccessor(address ledger, uint64 chainId, uint64 finalBlock) external;

    /// @notice Tells whether the ledger works: it never imported, or it is sealed.
    function isSealed() external view returns (bool);

    /// @notice Returns whose state was imported, as of which block; zeros where none was. It is fixed when the ledger is
    /// deployed.
    function predecessor() external view returns (Deployment memory);

    /// @notice Returns which ledger takes over; zeros while none does.
    function successor() external view returns (Deployment memory);
}
