// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IHandOver} from "../contracts/IHandOver.sol";
import {IPieceLedger} from "../contracts/IPieceLedger.sol";
import {PieceLedger} from "../contracts/PieceLedger.sol";
import {Signer} from "./Signing.sol";

/// @dev Everybody at once: people who do what they may, and who try what they may not. It keeps its own book.
contract World is Signer {
    uint256 private constant PEOPLE = 5;
    uint256 private constant ROOTS = 6;

    uint256[] public tokens;
    mapping(uint256 token => address) public holderInTheBook;
    mapping(uint256 token => uint256) public nonceInTheBook;
    mapping(bytes32 root => uint256) public anchorings;
    uint64 public keyEnd = type(uint64).max;
    uint256 public moves;
    bool public broken;

    constructor() {
        super.setUp();
        _accredit(studio, DID);
        _addKey();
        anchor(0, 2);
        anchor(1, 3);
    }

    /// @dev What was set up stays: to the runner this is one more function to call.
    function setUp() public override {}

    function book() external view returns (PieceLedger) {
        return ledger;
    }

    function count() external view returns (uint256) {
        return tokens.length;
    }

    function key() external view returns (bytes32) {
        return keyId;
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
        vm.prank(anchorer);
        try ledger.anchor(root, pieces, lot, _lot(studio, pieces)) {
            anchorings[root] += 1;
            for (uint256 i = 0; i < pieces; ++i) {
                tokens.push((uint256(lot) << 32) + i);
                holderInTheBook[(uint256(lot) << 32) + i] = studio;
            }
        } catch {}
    }

    /// @dev Three of four releases are by whom they should be, or the pieces would hardly move.
    function claim(uint256 tokenSeed, uint256 signerSeed, uint256 heirSeed, uint8 odds) external {
        uint256 token = _token(tokenSeed);
        bool honestClaim = odds & 12 != 0;
        for (uint256 i = 0; i < PEOPLE && odds & 3 != 0; ++i) {
            if (person(i) == ledger.holding(token).signer) signerSeed = i;
        }
        address to = person(heirSeed);
        IHandOver.HandOver memory over = _handOver(token, to);
        IHandOver.Holding memory before = ledger.holding(token);
        bytes memory release = _release(_secret(signerSeed), over);
        bytes memory claimed = _claimSignature(honestClaim ? CLAIM_SECRET : _secret(heirSeed), over);
        bool may = person(signerSeed) == before.signer && honestClaim && before.lostSince == 0 && !before.barred;
        bool done = false;
        try ledger.claim(over, release, claimed) {
            done = true;
            moves += 1;
        } catch {}
        if (done != may) broken = true;
        _settle(token, done ? to : before.holder, done);
    }

    function transfer(uint256 tokenSeed, uint256 fromSeed, uint256 toSeed) external {
        uint256 token = _token(tokenSeed);
        vm.prank(person(fromSeed));
        try ledger.transferFrom(person(fromSeed), person(toSeed), token) {
            broken = true;
        } catch {}
        _settle(token, holderInTheBook[token], false);
    }

    function report(uint256 tokenSeed, uint256 callerSeed, uint8 kind) external {
        uint256 token = _token(tokenSeed);
        address caller = person(callerSeed);
        bool may = caller == ledger.holding(token).signer;
        bool done = false;
        kind %= 4;
        vm.prank(caller);
        if (kind == 0)
            try ledger.reportLost(token) {
                done = true;
            } catch {}
        if (kind == 1)
            try ledger.reportFound(token) {
                done = true;
            } catch {}
        if (kind == 2)
            try ledger.cancelReleases(token) {
                done = true;
            } catch {}
        if (kind == 3)
            try ledger.vetoRecovery(token) {
                done = true;
            } catch {}
        if (done && !may) broken = true;
        _settle(token, holderInTheBook[token], done);
    }

    function recover(uint256 tokenSeed, uint256 heirSeed, bool execute) external {
        uint256 token = _token(tokenSeed);
        address heir = person(heirSeed);
        if (!execute) {
            vm.prank(steward);
            try ledger.proposeRecovery(token, heir) {} catch {}
            return _settle(token, holderInTheBook[token], false);
        }
        IHandOver.Holding memory before = ledger.holding(token);
        bool may = before.heir != address(0) && block.timestamp >= before.recoveryFrom;
        bool done = false;
        try ledger.executeRecovery(token) {
            done = true;
            moves += 1;
        } catch {}
        if (done != may) broken = true;
        _settle(token, done ? before.heir : before.holder, done);
    }

    function steer(uint256 seed, uint8 kind) external {
        kind %= 4;
        vm.prank(steward);
        if (kind == 0) try ledger.suspend(studio) {} catch {}
        if (kind == 1) try ledger.reinstate(studio) {} catch {}
        if (kind == 2) ledger.proposeController(studio, person(seed));
        if (kind == 3) try ledger.setStatus(_token(seed), IPieceLedger.Status(seed & 3)) {} catch {}
    }

    function shorten(uint64 end) external {
        end = uint64(START + (end % 400 days));
        vm.prank(steward);
        try ledger.shortenKey(studio, keyId, end) {
            if (end >= keyEnd) broken = true;
            keyEnd = end;
        } catch {}
    }

    function wait(uint32 time) external {
        _later(time % 20 days);
    }
}

// Whatever everybody does, in whatever order
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

    /// @dev The sum of the balances is the number of tokens.
    function invariant_TheSumOfTheBalancesIsTheNumberOfTokens() public {
        uint256 sum = 0;
        for (uint256 i = 0; i < 5; ++i) {
            sum += ledger.balanceOf(_world.person(i));
        }
        _equal(sum, _world.count());
    }

    /// @dev A token moves by its holder's will, or by a recovery that nobody vetoed, and its nonce rises each time.
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

    function invariant_ARootIsAnchoredOnce() public view {
        for (uint256 i = 0; i < 6; ++i) {
            bytes32 root = keccak256(abi.encode("root", i));
            uint256 times = _world.anchorings(root);
            _holds(times <= 1 && (times == 1) == (ledger.anchorIdOf(root) != 0));
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
