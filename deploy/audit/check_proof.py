#!/usr/bin/env python3
"""Checks a proof that `geleit audit prove` wrote, with the public key and Python's standard library alone.

    check_proof.py PROOF [PUBLIC_KEY]        exit status 0: it holds; 1: it does not; 2: usage

Written from services/audit/README.md, "Bytes and hashes"; it shares nothing with Geleit. Without the public
key, which must be known from elsewhere, it is not checked whose signature the head has."""
import base64, hashlib, json, re, struct, sys, uuid
from datetime import datetime, timedelta, timezone

class Refused(Exception):
    pass

def require(holds, what):
    if not holds:
        raise Refused(what)

# ---- Ed25519 (RFC 8032): points of edwards25519 in extended coordinates
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P

def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P

def times(n, p):
    out = (0, 1, 1, 0)
    while n:
        if n & 1:
            out = add(out, p)
        p, n = add(p, p), n >> 1
    return out

def point(octets):
    y = int.from_bytes(octets, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    require(y < P and (x * x - x2) % P == 0 and (x or not sign), "expected a point of the curve")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P

def signature_holds(key, message, signature):
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % L
    base = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    a, b = times(s, base), add(point(r), times(k, point(key)))
    return s < L and (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0

# ---- values, each spelled in one way only
def members(pairs):
    require(len(dict(pairs)) == len(pairs), "a member comes twice")
    return dict(pairs)

def number(value, most=2**63 - 1):
    require(type(value) is int and 0 <= value <= most, f"expected a whole number, but it is {value!r}")
    return value

def text(value, form):
    require(isinstance(value, str) and re.fullmatch(form, value, re.ASCII), f"expected {form}, not {value!r}")
    return value

def octets(value, length=32):
    return bytes.fromhex(text(value, f"[0-9a-f]{{{2 * length}}}"))

def base64_octets(value):
    decoded = base64.b64decode(text(value, "([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"))
    require(base64.b64encode(decoded).decode() == value, "expected base64 without bits left over")
    return decoded

def milliseconds(value):
    text(value, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?[+-]\d\d:\d\d")
    since = datetime.fromisoformat(value) - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return since // timedelta(milliseconds=1)

def identity(value):
    return uuid.UUID(text(value, "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")).bytes

# ---- the proof
def sha256(data):
    return hashlib.sha256(data).digest()

def root_of(leaf, index, size, path):
    """RFC 9162, 2.1.3.2."""
    require(index < size, "expected a record that the head covers")
    node, last, found = index, size - 1, leaf
    for beside in path:
        require(last > 0, "the path is too long")
        if node & 1 or node == last:
            found = sha256(b"\1" + beside + found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = sha256(b"\1" + found + beside)
        node, last = node >> 1, last >> 1
    require(last == 0, "the path is too short")
    return found

def check_head(head, known_key):
    require(head["format"] == "geleit-head-1" and len(head) == 8, "expected the format geleit-head-1")
    root, key, size = octets(head["root"]), octets(head["key"]), number(head["size"])
    signed = b"geleit head 1\n" + identity(head["log"])
    signed += struct.pack(">HQ", number(head["partition"], 1023), size) + root
    signed += struct.pack(">q", milliseconds(head["time"])) + key
    signature = base64_octets(head["signature"])
    require(len(signature) == 64 and signature_holds(key, signed, signature), "the head's signature is wrong")
    require(not known_key or octets(known_key) == key, f"the head is signed with another key: {key.hex()}")
    return root, size, key

def check(proof, known_key):
    require(proof["format"] == "geleit-proof-1" and len(proof) == 5, "expected the format geleit-proof-1")
    require("does_not_prove" in proof, "expected what it does not prove")
    case, (root, size, key) = identity(proof["case"]), check_head(proof["head"], known_key)
    before, version, last, stale = -1, 0, bytes(32), set()
    for event in proof["events"]:
        offset, record = number(event["offset"]), base64_octets(event["record"])
        require(len(event) == 4 and offset > before, f"{offset}: out of order")
        leaf = sha256(b"\0" + struct.pack(">Qq", offset, milliseconds(event["recorded"])) + record)
        path = [octets(node) for node in event["path"]]
        require(root_of(leaf, offset, size, path) == root, f"{offset}: the path leads to another root")
        require(sha256(record[:-32]) == record[-32:], f"{offset}: the record has another hash than it states")
        data = 16 + 8 * (struct.unpack_from("<i", record, 8)[0] >> 2)  # Cap'n Proto: where the root points
        stream = struct.pack(">2Q", *struct.unpack_from("<2Q", record, data + 16))
        previous = struct.pack(">4Q", *struct.unpack_from("<4Q", record, data + 56))
        its_version = struct.unpack_from("<I", record, data + 32)[0]
        require(stream == case, f"{offset}: not an event of the case")
        if its_version == version + 1 and previous == last:
            version, last = its_version, record[-32:]
        else:
            require(its_version <= version or previous in stale, f"{offset}: an event before it is missing")
            stale.add(record[-32:])
        before = offset
    require(version > 0, "expected an event")
    return f"holds: case {proof['case']}, version {version}, hash {last.hex()}, signed with {key.hex()}"

if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(print(__doc__, file=sys.stderr) or 2)
    try:
        with open(sys.argv[1], encoding="utf-8") as file:
            print(check(json.load(file, object_pairs_hook=members), "".join(sys.argv[2:])))
    except (Refused, ValueError, LookupError, TypeError, AttributeError, struct.error) as error:
        sys.exit(print(f"refused: {error}") or 1)
