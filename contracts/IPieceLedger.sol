// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The ledger of handmade pieces: anchors, studios, status.
/// @notice The manual of `PieceLedger`, with `IHandOver` for holders and `ISuccession` for moving house. An anchorer
/// anchors batches of certificates under one Merkle root; every leaf becomes an ERC-721 token `lotId << 32 | index`,
/// owned by its studio until the first hand-over. A steward keeps the directory of studios and of the keys that sign
/// certificates. The ledger checks no Merkle proof and no certificate signature: verifiers do, against what `record`
/// returns.
/// @dev Times are unix seconds. Nothing here can be upgraded.
interface IPieceLedger {
    /// @notice What a studio or a steward has said of a piece. REVOKED is final; RETIRED means broken or gone.
    enum Status {
        ACTIVE,
        ON_HOLD,
        REVOKED,
        RETIRED
    }

    /// @notice `count` consecutive leaves of a batch for one studio.
    struct Allotment {
        address studio;
        uint32 count;
    }

    /// @notice Everything that a verifier needs to know of one token and one key.
    /// @param studio The studio of the token's lot.
    /// @param didHash SHA-256 of the DID that the studio was accredited with.
    /// @param nameHash SHA-256 of the name that the studio was accredited under at `anchoredAt`.
    /// @param holder The owner of the token.
    /// @param root The batch's Merkle root (RFC 6962, SHA-256).
    /// @param anchorId The anchor's number, from 1.
    /// @param leafCount The leaves of the batch.
    /// @param leafIndex The token's leaf.
    /// @param anchoredAt The anchor's block time.
    /// @param anchorBlock The anchor's block number.
    /// @param status The status.
    /// @param statusAt When it was last set; 0 for never.
    /// @param lostSince When the holder reported the piece lost; 0 for not lost.
    /// @param standingAtAnchor Whether the studio was accredited and not suspended at `anchoredAt`.
    /// @param standingNow Whether it is accredited as a maker and not suspended.
    /// @param keyStart The first second of the key's window; 0 where the studio never had the key.
    /// @param keyEnd The first second after the window; the largest uint64 while it is open.
    /// @param newest The digest of the newest amendment; 0 for none.
    /// @param amendedAt When it was recorded.
    /// @param amendments How many there were.
    struct Record {
        address studio;
        bytes32 didHash;
        bytes32 nameHash;
        address holder;
        bytes32 root;
        uint32 anchorId;
        uint32 leafCount;
        uint32 leafIndex;
        uint64 anchoredAt;
        uint64 anchorBlock;
        Status status;
        uint64 statusAt;
        uint64 lostSince;
        bool standingAtAnchor;
        bool standingNow;
        uint64 keyStart;
        uint64 keyEnd;
        bytes32 newest;
        uint64 amendedAt;
        uint32 amendments;
    }

    /// @notice A batch was anchored; its lots are numbered from `firstLot`, one for each allotment.
    event Anchored(
        uint256 indexed anchorId,
        bytes32 indexed root,
        uint32 leafCount,
        uint32 firstLot,
        Allotment[] allotments
    );
    /// @notice A studio was accredited, or its name or scopes renewed.
    event StudioAccredited(address indexed studio, string did, string name, uint32 scopes);
    /// @notice A studio was suspended from this block's time on.
    event StudioSuspended(address indexed studio);
    /// @notice A suspension ended at this block's time.
    event StudioReinstated(address indexed studio);
    /// @notice A key of a studio counts from `start` on; `keyId` is the SHA-256 of `multikey`.
    event KeyAdded(address indexed studio, bytes32 indexed keyId, bytes multikey, uint64 start);
    /// @notice A key's window now ends at `end`, which may lie in the past.
    event KeyWindowShortened(address indexed studio, bytes32 indexed keyId, uint64 end);
    /// @notice From `from` on `controller` signs for a studio, unless another change is proposed before.
    event ControllerProposed(address indexed studio, address indexed controller, uint64 from);
    /// @notice The status of a piece was set.
    event StatusSet(uint256 indexed tokenId, Status status, bool bySteward);
    /// @notice A studio put a newer certificate in the place of a piece's earlier one.
    event Amended(uint256 indexed tokenId, bytes32 digest, uint32 count);

    /// @notice A root must not be zero.
    error ZeroRoot();
    /// @notice A root is anchored once.
    error RootAlreadyAnchored(bytes32 root, uint256 anchorId);
    /// @notice The allotments must add up to the leaves, none of them empty.
    error LeafCountMismatch(uint256 leafCount, uint256 allotted);
    /// @notice Another anchor came first, so that the token ids would not be the expected ones.
    error UnexpectedLot(uint256 expected, uint256 actual);
    /// @notice The studio may not receive lots or amend: not accredited as a maker, or suspended.
    error StudioNotInGoodStanding(address studio);
    /// @notice The studio is not in the directory.
    error UnknownStudio(address studio);
    /// @notice A controller must not be zero.
    error InvalidController(address studio);
    /// @notice A studio's address must not be zero, its DID and its name not empty.
    error InvalidStudio(address studio);
    /// @notice A DID belongs to one studio, and a studio keeps its DID.
    error DidTaken(string did, address studio);
    /// @notice The studio is suspended already, or not suspended.
    error SuspensionUnchanged(address studio);
    /// @notice A Multikey is a P-256 or an Ed25519 public key.
    error InvalidMultikey(bytes multikey);
    /// @notice The studio has that key already; a window once shortened stays so.
    error KeyAlreadyAdded(address studio, bytes32 keyId);
    /// @notice The studio has no such key.
    error UnknownKey(address studio, bytes32 keyId);
    /// @notice A key's window only shrinks.
    error WindowNotShorter(address studio, bytes32 keyId, uint64 end, uint64 current);
    /// @notice There is no such token.
    error UnknownToken(uint256 tokenId);
    /// @notice Only the piece's studio or a steward may do this.
    error NotTheStudio(uint256 tokenId, address account);
    /// @notice A revoked piece stays revoked.
    error StatusIsFinal(uint256 tokenId);
    /// @notice A studio cannot lift a steward's hold.
    error HeldBySteward(uint256 tokenId);
    /// @notice The order's deadline has passed.
    error OrderExpired(uint256 deadline);
    /// @notice The order is not the studio's next one.
    error WrongOrderNonce(address studio, uint256 expected, uint256 actual);
    /// @notice The signature is not that of the studio's controller.
    error InvalidOrderSignature(address controller);
    /// @notice Each amended token needs one digest, neither zero nor that of its newest amendment.
    error InvalidAmendment();
    /// @notice Certificates are not securities: tokens move by hand-over only, unless the ledger was deployed to let
    /// holders transfer them.
    error TokenLocked();

    /// @notice Anchors a batch. For ANCHORER_ROLE.
    /// @param root The batch's Merkle root.
    /// @param leafCount The leaves of the batch.
    /// @param expectedFirstLot The number that the first lot must get, so that token ids are known beforehand.
    /// @param allotments The studios' shares, in the order of the leaves.
    /// @return anchorId The anchor's number.
    function anchor(
        bytes32 root,
        uint32 leafCount,
        uint32 expectedFirstLot,
        Allotment[] calldata allotments
    ) external returns (uint256 anchorId);

    /// @notice Accredits a studio under a DID, or renews its name and scopes. For STEWARD_ROLE.
    /// @param studio The studio's account: its identity here, and the first owner of its tokens.
    /// @param did The DID that its certificates name as issuer; fixed at the first accreditation.
    /// @param name The studio's name: certificates anchored from now on must name it so. Earlier names stay on record.
    /// @param scopes Bit flags; only a studio with `SCOPE_MAKER` receives lots.
    function accredit(address studio, string calldata did, string calldata name, uint32 scopes) external;

    /// @notice Suspends a studio from now on. For STEWARD_ROLE.
    function suspend(address studio) external;

    /// @notice Ends a suspension; the interval stays on record. For STEWARD_ROLE.
    function reinstate(address studio) external;

    /// @notice Adds a certificate key, valid from now on, on proof of possession seen off chain. For STEWARD_ROLE.
    /// @param studio An accredited studio.
    /// @param multikey The key's Multikey bytes.
    function addKey(address studio, bytes calldata multikey) external;

    /// @notice Ends a key's window, also in the past. For STEWARD_ROLE.
    function shortenKey(address studio, bytes32 keyId, uint64 end) external;

    /// @notice Gives a studio another controller after `CONTROLLER_DELAY`; the studio's address stays its identity. For
    /// STEWARD_ROLE. Proposing the present controller ends an earlier proposal.
    /// @param studio An accredited studio.
    /// @param controller An account, a contract (ERC-1271) or a passkey's holder address.
    function proposeController(address studio, address controller) external;

    /// @notice Sets a piece's status in the caller's name: a steward's or the studio's controller's.
    function setStatus(uint256 tokenId, Status status) external;

    /// @notice Sets a piece's status on the signed order of its studio; anybody may send it.
    /// @param tokenId The piece.
    /// @param status The status.
    /// @param nonce The studio's next order number, `orderNonce(studio)`.
    /// @param deadline The last second at which the order counts; 0 for no limit.
    /// @param signature The controller's signature of EIP-712
    /// `SetStatus(uint256 tokenId,uint8 status,address studio,uint256 nonce,uint256 deadline)`.
    function setStatusFor(
        uint256 tokenId,
        Status status,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice Records newer certificates of a studio's pieces. For the studio's controller, in good standing.
    function amend(uint256[] calldata tokenIds, bytes32[] calldata digests) external;

    /// @notice Records a newer certificate on the signed order of the piece's studio; anybody may send it.
    /// @param tokenId The piece.
    /// @param digest The certificate's digest.
    /// @param nonce The studio's next order number, `orderNonce(studio)`.
    /// @param deadline The last second at which the order counts; 0 for no limit.
    /// @param signature The controller's signature of EIP-712
    /// `Amend(uint256 tokenId,bytes32 digest,address studio,uint256 nonce,uint256 deadline)`.
    function amendFor(
        uint256 tokenId,
        bytes32 digest,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice Returns what a verifier needs to know of a token and of a key at the token's studio.
    function record(uint256 tokenId, bytes32 keyId) external view returns (Record memory);

    /// @notice Returns the number of an anchored root; 0 for none.
    function anchorIdOf(bytes32 root) external view returns (uint256);

    /// @notice Returns the number that the next lot gets.
    function nextLot() external view returns (uint256);

    /// @notice Returns the number that the studio's next signed order must carry.
    function orderNonce(address studio) external view returns (uint256);

    /// @notice Returns who signs for a studio, and who will from when on; zeros where no change is proposed. A proposal
    /// that was ended shows as one of the present controller.
    function controllerOf(address studio) external view returns (address controller, address next, uint64 nextFrom);

    /// @notice Tells whether the studio is accredited as a maker and not suspended.
    function inGoodStanding(address studio) external view returns (bool);

    /// @notice Returns the random id that tells this deployment from a re-created one.
    function deploymentId() external view returns (bytes32);
}
