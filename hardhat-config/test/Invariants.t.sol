// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IHandOver} from "../contracts/IHandOver.sol";
import {IPieceLedger} from "../contracts/IPieceLedger.sol";
import {Ledger} from "./Base.sol";
import {Signer} from "./Signing.sol";

/// @dev Everybody at once: people who do what they may, and who try what they may not. It keeps its own book, knows what
/// should be let through, and counts what was.
contract World is Signer {
    enum Act {
        ANCHOR,
        CLAIM,
        LOSE,
        FIND,
        CANCEL,
        PROPOSE,
        RECOVER,
        VETO,
        SUSPEND,
        REINSTATE,
        CONTROL,
        STATUS,
        AMEND,
        ORDER,
        EXEMPT,
        SHORTEN
    }

    uint256 private constant PEOPLE = 5;
    uint256 private constant ROOTS = 6;

    uint256[] public tokens;
    mapping(uint256 token => address) public holderInTheBook;
    mapping(uint256 token => uint256) public nonceInTheBook;
    mapping(uint256 token => uint256) public amendmentsInTheBook;
    mapping(uint256 token => bool) public revokedInTheBook;
    mapping(bytes32 root => uint256) public anchorings;
    mapping(Act => uint256) public times;
    uint256 public orders;
    uint256 public calls;
    uint64 public keyEnd = type(uint64).max;
    uint256 private _proposed;
    bool public broken;

    constructor() {
        super.setUp();
        _accredit(studio, DID);
        _addKey();
        anchor(0, 2);
        anchor(1, 3);
    }

    function book() external view returns (Ledger) {
        return ledger;
    }

    function count() external view returns (uint256) {
        return tokens.length;
    }

    function key() external view returns (bytes32) {
        return keyId;
    }

    function maker() external view returns (address) {
        return studio;
    }

    /// @dev How many kinds of acts were done, and how many acts.
    function done() external view returns (uint256 kinds, uint256 acts) {
        for (uint256 i = 0; i <= uint256(type(Act).max); ++i) {
            if (times[Act(i)] != 0) ++kinds;
            acts += times[Act(i)];
        }
    }

    function person(uint256 seed) public returns (address) {
        return vm.addr(_secret(seed));
    }

    /// @dev The first person is the studio itself.
    function _secret(uint256 seed) private pure returns (uint256) {
        seed %= PEOPLE;
        return seed == 0 ? STUDIO_SECRET : 0x1000 + seed;
    }

    function _token(uint256 seed) private view returns (uint256) {
        return tokens[seed % tokens.length];
    }

    function _controller() private view returns (address controller) {
        (controller, , ) = ledger.controllerOf(studio);
    }

    /// @dev Three of four people are who they should be, or little would come to pass.
    function _who(uint256 seed, address should, uint8 odds) private returns (uint256) {
        for (uint256 i = 0; i < PEOPLE && odds & 3 != 0; ++i) {
            if (person(i) == should) return i;
        }
        return seed;
    }

    /// @dev What was let through is what should have been.
    function _judge(Act act, bool went, bool may) private {
        ++calls;
        if (went != may) broken = true;
        if (went) ++times[act];
    }

    /// @dev After whatever was tried: who holds it, and what the nonce is, changed only as it should.
    function _settle(uint256 token, address holder, bool raised) private {
        uint256 nonce = ledger.holding(token).nonce;
        if (ledger.ownerOf(token) != holder) broken = true;
        if (nonce != nonceInTheBook[token] + (raised ? 1 : 0)) broken = true;
        (holderInTheBook[token], nonceInTheBook[token]) = (holder, nonce);
    }

    function anchor(uint256 seed, uint32 pieces) public {
        bytes32 root = keccak256(abi.encode("root", seed % ROOTS));
        pieces = (pieces % 4) + 1;
        uint32 lot = uint32(ledger.nextLot());
        bool may = anchorings[root] == 0 && ledger.inGoodStanding(studio);
        bool went = false;
        vm.prank(anchorer);
        try ledger.anchor(root, pieces, lot, _lot(studio, pieces)) {
            went = true;
            anchorings[root] += 1;
            for (uint256 i = 0; i < pieces; ++i) {
                tokens.push((uint256(lot) << 32) + i);
                holderInTheBook[(uint256(lot) << 32) + i] = studio;
            }
        } catch {}
        _judge(Act.ANCHOR, went, may);
    }

    function claim(uint256 tokenSeed, uint256 signerSeed, uint256 heirSeed, uint8 odds) external {
        uint256 token = _token(tokenSeed);
        bool honestClaim = odds & 12 != 0;
        IHandOver.Holding memory before = ledger.holding(token);
        signerSeed = _who(signerSeed, before.signer, odds);
        address to = person(heirSeed);
        IHandOver.HandOver memory over = _handOver(token, to);
        bytes memory release = _release(_secret(signerSeed), over);
        bytes memory claimed = _claimSignature(honestClaim ? CLAIM_SECRET : _secret(heirSeed), over);
        bool barred = before.barred && before.exemptKey != over.claimKey;
        bool may = person(signerSeed) == before.signer && honestClaim && before.lostSince == 0 && !barred;
        bool went = false;
        try ledger.claim(over, release, claimed) {
            went = true;
        } catch {}
        _judge(Act.CLAIM, went, may);
        _settle(token, went ? to : before.holder, went);
    }

    function transfer(uint256 tokenSeed, uint256 fromSeed, uint256 toSeed) external {
        uint256 token = _token(tokenSeed);
        address from = person(fromSeed);
        address to = person(toSeed);
        ++calls;
        vm.prank(from);
        try ledger.transferFrom(from, to, token) {
            broken = true;
        } catch {}
        _settle(token, holderInTheBook[token], false);
    }

    function report(uint256 tokenSeed, uint256 callerSeed, uint8 odds, uint8 kind) external {
        uint256 token = kind & 4 != 0 && _proposed != 0 ? _proposed : _token(tokenSeed);
        IHandOver.Holding memory before = ledger.holding(token);
        address caller = person(_who(callerSeed, before.signer, odds));
        bool may = caller == before.signer && !before.barred;
        bool went = false;
        kind %= 4;
        Act act = [Act.LOSE, Act.FIND, Act.CANCEL, Act.VETO][kind];
        if (act == Act.FIND) may = may && before.lostSince != 0;
        if (act == Act.VETO) may = may && before.heir != address(0);
        bytes memory call = [
            abi.encodeCall(IHandOver.reportLost, (token)),
            abi.encodeCall(IHandOver.reportFound, (token)),
            abi.encodeCall(IHandOver.cancelReleases, (token)),
            abi.encodeCall(IHandOver.vetoRecovery, (token))
        ][kind];
        vm.prank(caller);
        (went, ) = address(ledger).call(call);
        _judge(act, went, may);
        _settle(token, holderInTheBook[token], went);
    }

    /// @dev What was proposed last is executed next, mostly in time.
    function recover(uint256 tokenSeed, uint256 heirSeed, uint8 odds) external {
        bool went = false;
        if (_proposed == 0) {
            uint256 token = _token(tokenSeed);
            address heir = person(heirSeed);
            vm.prank(steward);
            try ledger.proposeRecovery(token, heir) {
                went = true;
                _proposed = token;
            } catch {}
            _judge(Act.PROPOSE, went, holderInTheBook[token] != studio);
            return _settle(token, holderInTheBook[token], false);
        }
        uint256 pending = _proposed;
        IHandOver.Holding memory before = ledger.holding(pending);
        if (odds & 3 != 0 && before.recoveryFrom > block.timestamp) vm.warp(before.recoveryFrom);
        try ledger.executeRecovery(pending) {
            went = true;
        } catch {}
        _judge(Act.RECOVER, went, before.heir != address(0) && block.timestamp >= before.recoveryFrom);
        if (went || before.heir == address(0)) _proposed = 0;
        _settle(pending, went ? before.heir : before.holder, went);
    }

    function steer(uint256 seed, uint8 kind) external {
        bool standing = ledger.inGoodStanding(studio);
        bool went = false;
        kind %= 3;
        address next = person(seed);
        vm.prank(steward);
        if (kind == 0 && standing) {
            ledger.suspend(studio);
            _judge(Act.SUSPEND, true, true);
        } else if (kind != 2) {
            try ledger.reinstate(studio) {
                went = true;
            } catch {}
            _judge(Act.REINSTATE, went, !standing);
        } else {
            ledger.proposeController(studio, next);
            _judge(Act.CONTROL, true, true);
        }
    }

    function exempt(uint256 tokenSeed, bool yes) external {
        uint256 token = _token(tokenSeed);
        address exemptKey = yes ? claimKey : address(0);
        vm.prank(steward);
        ledger.setExemption(token, exemptKey);
        _judge(Act.EXEMPT, true, ledger.holding(token).exemptKey == exemptKey);
    }

    /// @dev By a steward, or by whom should be the controller, in person or by a signed order.
    function setStatus(uint256 tokenSeed, uint256 callerSeed, uint8 odds, uint8 wanted) external {
        uint256 token = _token(tokenSeed);
        IPieceLedger.Status status = IPieceLedger.Status(wanted & 3);
        uint256 who = _who(callerSeed, _controller(), odds);
        bool bySteward = odds & 16 != 0;
        address caller = bySteward ? steward : person(who);
        bool rightful = bySteward || (caller == _controller() && ledger.inGoodStanding(studio));
        bool went = false;
        Act act = Act.STATUS;
        if (bySteward || odds & 32 == 0) {
            vm.prank(caller);
            (went, ) = address(ledger).call(abi.encodeCall(IPieceLedger.setStatus, (token, status)));
        } else {
            act = Act.ORDER;
            // One of four orders does not carry the next number.
            uint256 number = odds & 192 != 0 ? orders : orders + 1;
            rightful = rightful && number == orders;
            bytes32 kind = keccak256(
                "SetStatus(uint256 tokenId,uint8 status,address studio,uint256 nonce,uint256 deadline)"
            );
            bytes memory signature = _signed(
                _secret(who),
                _typed(ledger, abi.encode(kind, token, status, studio, number, uint256(0)))
            );
            bytes memory call = abi.encodeCall(IPieceLedger.setStatusFor, (token, status, number, 0, signature));
            (went, ) = address(ledger).call(call);
            if (went) ++orders;
        }
        // Beside the right to, there are a steward's hold and what is final: what is let through is rightful at least.
        _judge(act, went, went ? rightful && !revokedInTheBook[token] : false);
        if (went && status == IPieceLedger.Status.REVOKED) revokedInTheBook[token] = true;
    }

    function amend(uint256 tokenSeed, uint256 callerSeed, uint8 odds) external {
        uint256[] memory some = new uint256[](1);
        bytes32[] memory digests = new bytes32[](1);
        (some[0], digests[0]) = (_token(tokenSeed), keccak256(abi.encode(odds & 12)));
        address caller = person(_who(callerSeed, _controller(), odds));
        bool again = ledger.record(some[0], keyId).newest == digests[0];
        bool may = caller == _controller() && ledger.inGoodStanding(studio) && !again;
        vm.prank(caller);
        (bool went, ) = address(ledger).call(abi.encodeCall(IPieceLedger.amend, (some, digests)));
        if (went) ++amendmentsInTheBook[some[0]];
        _judge(Act.AMEND, went, may);
    }

    function shorten(uint64 end) external {
        end = uint64(START + (end % 400 days));
        bool may = end < keyEnd;
        vm.prank(steward);
        (bool went, ) = address(ledger).call(abi.encodeCall(IPieceLedger.shortenKey, (studio, keyId, end)));
        if (went) keyEnd = end;
        _judge(Act.SHORTEN, went, may);
    }

    function wait(uint32 time) external {
        _later(time % 20 days);
    }
}

struct FuzzSelector {
    address addr;
    bytes4[] selectors;
}

// always
// ├── the sum of the balances is the number of tokens
// ├── a piece moves only by its holders will or a recovery
// ├── a nonce never repeats
// ├── an order counts once
// ├── a root is anchored once
// ├── revoked is final and no amendment is forgotten
// └── a key valid at the anchor stays so unless dated back
contract InvariantTest is Signer {
    World private _world;

    function setUp() public override {
        _world = new World();
        ledger = _world.book();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_world);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory all = new bytes4[](11);
        all[0] = World.anchor.selector;
        all[1] = World.claim.selector;
        all[2] = World.transfer.selector;
        all[3] = World.report.selector;
        all[4] = World.recover.selector;
        all[5] = World.steer.selector;
        all[6] = World.exempt.selector;
        all[7] = World.setStatus.selector;
        all[8] = World.amend.selector;
        all[9] = World.shorten.selector;
        all[10] = World.wait.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_world), all);
    }

    /// @dev A world in which everything is refused would hold all invariants.
    function afterInvariant() public view {
        (uint256 kinds, uint256 acts) = _world.done();
        _holds(kinds >= 6 && acts >= 20);
    }

    /// @dev The sum of the balances is the number of tokens.
    function invariant_TheSumOfTheBalancesIsTheNumberOfTokens() public {
        uint256 sum = 0;
        for (uint256 i = 0; i < 5; ++i) {
            sum += ledger.balanceOf(_world.person(i));
        }
        _equal(sum, _world.count());
    }

    /// @dev A token moves by its holder's will, or by a recovery that nobody vetoed, and its nonce rises each time; and
    /// everything else is let through exactly where it may.
    function invariant_APieceMovesOnlyByItsHoldersWillOrARecovery() public view {
        _holds(!_world.broken());
        for (uint256 i = 0; i < _world.count(); ++i) {
            uint256 token = _world.tokens(i);
            _equal(ledger.ownerOf(token), _world.holderInTheBook(token));
        }
    }

    function invariant_ANonceNeverRepeats() public view {
        for (uint256 i = 0; i < _world.count(); ++i) {
            uint256 token = _world.tokens(i);
            _equal(ledger.holding(token).nonce, _world.nonceInTheBook(token));
        }
    }

    function invariant_AnOrderCountsOnce() public view {
        _equal(ledger.orderNonce(_world.maker()), _world.orders());
    }

    function invariant_ARootIsAnchoredOnce() public view {
        for (uint256 i = 0; i < 6; ++i) {
            bytes32 root = keccak256(abi.encode("root", i));
            uint256 times = _world.anchorings(root);
            _holds(times <= 1 && (times == 1) == (ledger.anchorIdOf(root) != 0));
        }
    }

    function invariant_RevokedIsFinalAndNoAmendmentIsForgotten() public view {
        for (uint256 i = 0; i < _world.count(); ++i) {
            uint256 token = _world.tokens(i);
            IPieceLedger.Record memory found = ledger.record(token, _world.key());
            _holds((found.status == IPieceLedger.Status.REVOKED) == _world.revokedInTheBook(token));
            _equal(found.amendments, _world.amendmentsInTheBook(token));
        }
    }

    /// @dev A key that was valid when a piece was anchored stays so, unless its window was dated back.
    function invariant_AKeyValidAtTheAnchorStaysSoUnlessDatedBack() public view {
        for (uint256 i = 0; i < _world.count(); ++i) {
            IPieceLedger.Record memory found = ledger.record(_world.tokens(i), _world.key());
            _holds(found.keyStart == START && found.keyEnd == _world.keyEnd());
            bool valid = found.keyStart <= found.anchoredAt && found.anchoredAt < found.keyEnd;
            _holds(valid == (found.anchoredAt < _world.keyEnd()));
        }
    }
}
